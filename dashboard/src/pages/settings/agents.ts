/** A browser's User-Agent in a few words: Chrome 141 on Linux. What is not known is shown as it came. */
export function browserOf(agent: string): string {
  if (!agent) return "Unknown browser";
  const browser = /(Edg|OPR)\/(\d+)/.exec(agent) ?? /(Firefox|HeadlessChrome|Chrome)\/(\d+)/.exec(agent) ?? /Version\/(\d+).*(Safari)/.exec(agent);
  const system = SYSTEMS.find(([sign]) => agent.includes(sign))?.[1] ?? "";
  if (!browser) return agent.slice(0, 60);
  const [name, version] = /^\d/.test(browser[1]!) ? [browser[2]!, browser[1]!] : [browser[1]!, browser[2]!];
  return `${NAMES[name] ?? name} ${version}${system ? ` on ${system}` : ""}`;
}

const NAMES: Record<string, string> = { Edg: "Edge", OPR: "Opera", HeadlessChrome: "Chrome (headless)" };
const SYSTEMS: [string, string][] = [["iPhone", "iPhone"], ["iPad", "iPad"], ["Android", "Android"], ["Windows", "Windows"], ["Mac OS X", "macOS"], ["Linux", "Linux"]];
