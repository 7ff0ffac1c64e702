/** Where a channel sends, in a few words: its address or server, and to whom. Of secrets their mask. */
export function targetOf(config: Record<string, unknown>): string {
  const text = (name: string) => (typeof config[name] === "string" ? config[name] : "");
  if (text("host")) {
    const to = Array.isArray(config["to"]) ? config["to"].map(String) : [];
    return `${to.slice(0, 2).join(", ")}${to.length > 2 ? ` and ${to.length - 2} more` : ""} by ${text("host")}`;
  }
  if (text("routing_key")) return `integration key ${text("routing_key")}`;
  return text("url");
}
