/** `JSON.parse` whose whole numbers above 2^53 stay exact: they become text. */
export function parseExact(text: string): unknown {
  if (!/\d{16}/.test(text)) return JSON.parse(text);
  return JSON.parse(text.replace(/"(?:[^"\\]|\\.)*"|(?<![\d.])-?\d{16,}(?![\d.eE])/g, (piece) => (piece.startsWith('"') || Number.isSafeInteger(Number(piece)) ? piece : `"${piece}"`)));
}
