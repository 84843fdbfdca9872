/** Addresses that are not of the public internet: a page must not be able to make us ask them. */
import { BlockList, isIPv4, isIPv6 } from "node:net";

/** @source IANA's registries of special-purpose addresses, IPv4 and IPv6 */
const IPV4 =
  "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4";
/** Among them those that carry an IPv4 address inside: translation, 6to4 and Teredo lead to networks nobody can tell. */
const IPV6 =
  "::/96 ::ffff:0:0:0/96 64:ff9b::/96 64:ff9b:1::/48 100::/64 2001::/23 2001:db8::/32 2002::/16 3fff::/20 5f00::/16 fc00::/7 fe80::/10 fec0::/10 ff00::/8";

const REFUSED = new BlockList();
for (const range of IPV4.split(" ")) REFUSED.addSubnet(range.split("/")[0]!, Number(range.split("/")[1]), "ipv4");
for (const range of IPV6.split(" ")) REFUSED.addSubnet(range.split("/")[0]!, Number(range.split("/")[1]), "ipv6");

/** Whether an IP address belongs to a machine, a network or a use that is not public. What is no address is, too. */
export function isPrivate(address: string): boolean {
  const bare = address.split("%")[0]!;
  if (isIPv4(bare)) return REFUSED.check(bare, "ipv4");
  // IPv4 addresses written as IPv6 are checked as what they are.
  return !isIPv6(bare) || REFUSED.check(bare, "ipv6");
}
