/** Hands a file to the person: the desktop and the browser both ask where it goes, or put it with the downloads. */

/** Saves a text under a name; characters that systems do not take in names are replaced. */
export function saveAs(name: string, type: string, text: string | Blob): void {
  const url = URL.createObjectURL(typeof text === 'string' ? new Blob([text], { type }) : text);
  const link = document.createElement('a');
  link.href = url;
  link.download = name.replace(/[^\p{L}\p{N}._-]+/gu, '_');
  link.click();
  URL.revokeObjectURL(url);
}
