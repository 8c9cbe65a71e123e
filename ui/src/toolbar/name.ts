/** What a page without a title is called: as the file that it is, or not at all. */
export function nameOf(address: string): string {
  try {
    return decodeURIComponent(new URL(address).pathname.split("/").pop() ?? "");
  } catch {
    return "";
  }
}
