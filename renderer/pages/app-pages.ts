/** Which page is shown at which address. */
import { html } from 'lit';
import type { GraphSource } from '../../engine/api/contract.ts';
import '../components/empty-state.ts';
import type { Client } from '../data/client.ts';
import { linkToSessions, type Route } from '../router.ts';
import { S } from '../strings.ts';
import './compare-grid.ts';
import './compare-page.ts';
import './drop-page.ts';
import './file-page.ts';
import './find-page.ts';
import './log-page.ts';
import './session-page.ts';
import './sessions-page.ts';
import './translate-page.ts';
import type { OpenedFile } from './open-graph.ts';

/** What was opened and has no address of its own. */
interface Kept {
  readonly graph: GraphSource | undefined;
  readonly file: OpenedFile | undefined;
}

/** The page of a route. */
export function pageOf(client: Client, route: Route, { graph, file }: Kept) {
  switch (route.page) {
    case 'sessions':
      return html`<weir-sessions-page .client=${client} .query=${route.query}></weir-sessions-page>`;
    case 'session':
      return html`<weir-session-page
        .client=${client}
        .sessionId=${route.sessionId}
        .tab=${route.tab}
        .query=${route.query}
      ></weir-session-page>`;
    case 'drop':
      return html`<weir-drop-page
        .client=${client}
        .sessionId=${route.sessionId}
        .uid=${route.uid}
      ></weir-drop-page>`;
    case 'compare':
      return 'sessions' in route.query
        ? html`<weir-compare-grid .client=${client} .query=${route.query}></weir-compare-grid>`
        : html`<weir-compare-page .client=${client} .query=${route.query}></weir-compare-page>`;
    case 'graph':
      return html`<weir-translate-page .client=${client} .source=${graph}></weir-translate-page>`;
    case 'checkpoints':
      return html`<weir-log-page .client=${client}></weir-log-page>`;
    case 'file':
      return html`<weir-file-page .client=${client} .opened=${file}></weir-file-page>`;
    case 'find':
      return html`<weir-find-page .client=${client} .query=${route.query}></weir-find-page>`;
    case 'unknown':
      return html`<weir-empty-state
        page
        heading=${S.unknownPage.title}
        message=${S.unknownPage.text(route.path)}
      >
        <a href=${linkToSessions()}>${S.session.backToList}</a>
      </weir-empty-state>`;
  }
}
