// `draw.ts <charts.json> <folder>`: writes each chart as an SVG. A chart is { file, title, note,
// rows: [{ name, value, label, own }] }.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as echarts from "echarts";
import type { Chart } from "../charts.ts";

const [input, folder] = process.argv.slice(2) as [string, string];
const ink = "#24292f";

/** Horizontal bars, the largest first; ours in colour. */
function draw({ title, note, rows }: Chart): string {
  const height = 96 + rows.length * 34;
  const chart = echarts.init(null, null, { renderer: "svg", ssr: true, width: 820, height });
  const bottomUp = rows.toReversed();
  chart.setOption({
    animation: false,
    backgroundColor: "#ffffff",
    title: { text: title, subtext: note, left: 16, top: 10, textStyle: { color: ink, fontSize: 16 }, subtextStyle: { color: "#57606a" } },
    grid: { left: 190, right: 150, top: 70, bottom: 14 },
    xAxis: { type: "value", show: false },
    yAxis: {
      type: "category",
      data: bottomUp.map(({ name }) => name),
      axisTick: { show: false },
      axisLine: { show: false },
      axisLabel: { color: ink, fontSize: 13 },
    },
    series: [
      {
        type: "bar",
        barWidth: 20,
        data: bottomUp.map(({ value, label, own }) => ({
          value,
          itemStyle: { color: own ? "#0969da" : "#afb8c1", borderRadius: 3 },
          label: { show: true, position: "right", formatter: label, color: ink, fontSize: 13 },
        })),
      },
    ],
  });
  return chart.renderToSVGString();
}

for (const chart of JSON.parse(readFileSync(input, "utf8")) as Chart[]) {
  writeFileSync(join(folder, chart.file), `${draw(chart)}\n`);
  console.log(`drew ${chart.file}`);
}
