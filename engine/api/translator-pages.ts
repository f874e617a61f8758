/** The pages of the translator's REST interface: plain HTML without scripts; the window is where graphs are looked at. */

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

/** A page of its own; `body` is HTML that is safe already. */
export function page(title: string, body: string): string {
  const heading = escapeHtml(title);
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${heading}</title>
<meta name="viewport" content="width=device-width"><link rel="stylesheet" href="/static/translator.css"></head>
<body><h1>${heading}</h1>
${body}
</body></html>
`;
}

export const STYLE = `:root { color-scheme: light dark; }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.5 system-ui, sans-serif; }
table { border-collapse: collapse; } th, td { padding: .2rem 1rem .2rem 0; text-align: start; vertical-align: top; }
td { font-variant-numeric: tabular-nums; } th { font-weight: 600; }
`;

export function linkTo(path: string, query: Readonly<Record<string, string>>, text: string): string {
  const search = new URLSearchParams(query).toString();
  return `<a href="${escapeHtml(search === '' ? path : `${path}?${search}`)}">${escapeHtml(text)}</a>`;
}

export function list(items: readonly string[], otherwise: string): string {
  if (items.length === 0) return `<p>${escapeHtml(otherwise)}</p>`;
  return `<ul>${items.map((item) => `<li>${item}</li>`).join('')}</ul>`;
}

export function factTable(facts: Readonly<Record<string, unknown>>): string {
  const rows = Object.entries(facts).map(([name, value]) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    return `<tr><th scope="row">${escapeHtml(name)}</th><td>${escapeHtml(text ?? '')}</td></tr>`;
  });
  return `<table>${rows.join('')}</table>`;
}

/** The page of a graph that was just translated, or is stored. */
export function pgtPage(
  id: string,
  facts: Readonly<Record<string, unknown>>,
  parts: readonly number[],
): string {
  const sizes = Object.fromEntries(parts.map((drops, part) => [`Part ${part + 1}`, `${drops} drops`]));
  const links = [
    linkTo('/pgt_jsonbody', { pgt_name: id }, 'The graph for a viewer, as JSON'),
    linkTo(
      '/gen_pg',
      { pgt_id: id, tpl_nodes_len: String(Math.max(1, parts.length)) },
      'The physical graph, as JSON',
    ),
    linkTo('/show_gantt_chart', { pgt_id: id }, 'Planned times'),
    linkTo('/show_schedule_mat', { pgt_id: id }, 'Schedules of the parts'),
  ];
  return page(id, `${factTable(facts)}<h2>Parts</h2>${factTable(sizes)}<h2>More</h2>${list(links, '')}`);
}
