import { lookup as lookUp, type LookupAddress } from "node:dns";
import { BlockList, isIP, type LookupFunction } from "node:net";
import { NonRetryableError } from "../../shared/index.ts";

/**
 * Networks that are not the internet: this machine, private ones, where clouds keep credentials
 * (169.254.169.254), and IPv6 that leads back into them (NAT64, 6to4, Teredo).
 */
const notPublic = new BlockList();
for (const [network, bits] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["224.0.0.0", 3],
] as const)
  notPublic.addSubnet(network, bits, "ipv4");
/** Of IPv6, only 2000::/3 is the internet. */
const publicIpv6 = new BlockList();
publicIpv6.addSubnet("2000::", 3, "ipv6");
for (const [network, bits] of [
  ["2001::", 23],
  ["2002::", 16],
] as const)
  notPublic.addSubnet(network, bits, "ipv6");

/** Whether an IP address is one of the internet, where anybody may ask. */
export function isPublic(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return !notPublic.check(address, "ipv4");
  return family === 6 && publicIpv6.check(address, "ipv6") && !notPublic.check(address, "ipv6");
}

/** Throws `NonRetryableError` where a URL names an address itself and that is not public. */
export function refuseHiddenHost({ hostname }: URL): void {
  const address = hostname.replace(/^\[(.*)\]$/, "$1");
  if (isIP(address) !== 0 && !isPublic(address)) throw hidden(hostname, address);
}

/**
 * For `net.connect`: the addresses of a host, all of them public. They are looked at where they are
 * used, so that no second answer of a name server can differ from the first.
 */
export const lookupPublic: LookupFunction = (hostname, options, callback) => {
  lookUp(hostname, { ...options, all: true }, (error, addresses) => {
    const inside = addresses?.find(({ address }) => !isPublic(address));
    if (error ?? inside) return callback(error ?? hidden(hostname, inside!.address), []);
    const [first] = addresses as [LookupAddress];
    if (options.all === true) callback(null, addresses);
    else callback(null, first.address, first.family);
  });
};

function hidden(host: string, address: string): NonRetryableError {
  return new NonRetryableError(
    `${host} is ${address}, which is no address of the internet, so nothing is fetched from it. Give a URL that anybody may open.`,
  );
}
