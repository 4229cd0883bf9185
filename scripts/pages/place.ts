/** The page with a text between its marks of that name. @throws Error if it has none */
export function placeText(page: string, name: string, text: string): string {
  const begin = new RegExp(`<!-- ${name}: written by .+ -->`).exec(page);
  const end = page.indexOf(`<!-- end of ${name} -->`);
  if (begin === null || end < begin.index) throw new Error(`the page has no place for its ${name}`);
  return `${page.slice(0, begin.index)}${begin[0]}\n\n${text}\n\n${page.slice(end)}`;
}
