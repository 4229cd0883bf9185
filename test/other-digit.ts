/** `text` with the character at `at` made another one: a digit that hex, base64url and decimals share. A constant in
 * its place would be the same text once in sixteen times. */
export function withOtherDigit(text: string, at: number): string {
  const index = at < 0 ? text.length + at : at;
  return `${text.slice(0, index)}${text[index] === '1' ? '2' : '1'}${text.slice(index + 1)}`;
}
