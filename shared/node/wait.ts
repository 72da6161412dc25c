/** A wait that anybody may end early. */
export interface Wait {
  /** Resolves when the time is over, or at once when `wake` was called since the last wait. */
  until(milliseconds: number): Promise<void>;
  wake(): void;
}

/** Makes a wait; `wake` is remembered until the next one. */
export function createWait(): Wait {
  let woken = false;
  let end: (() => void) | undefined;
  return {
    async until(milliseconds) {
      if (!woken)
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, Math.max(0, milliseconds));
          end = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      woken = false;
      end = undefined;
    },
    wake() {
      woken = true;
      end?.();
    },
  };
}
