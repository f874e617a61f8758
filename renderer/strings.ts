/** Every sentence of the window, in one place, so that translations can follow. */
import { findStrings, retentionStrings } from './find-strings.ts';
import { formatBytes, formatDateTime, formatInteger } from './format.ts';
import { fileStrings, logStrings } from './log-strings.ts';
import { plural } from './plural.ts';
import { reproducibilityStrings } from './reproducibility-strings.ts';

/** Words for the states of sessions, data and applications. */
export const STATE_WORDS: Readonly<Record<string, string>> = {
  PRISTINE: 'Pristine',
  BUILDING: 'Building',
  DEPLOYING: 'Deploying',
  RUNNING: 'Running',
  FINISHED: 'Finished',
  CANCELLED: 'Cancelled',
  FAILED: 'Failed',
  INTERRUPTED: 'Interrupted',
  INITIALIZED: 'Waiting',
  WRITING: 'Writing',
  COMPLETED: 'Completed',
  ERROR: 'Error',
  EXPIRED: 'Expired',
  DELETED: 'Deleted',
  SKIPPED: 'Skipped',
  NOT_RUN: 'Waiting',
};

export const S = {
  appName: 'Weir',
  skipToContent: 'Skip to content',
  mainNavigation: 'Main',
  sessions: 'Sessions',
  openGraph: 'Open graph…',
  openFile: 'Open…',

  settings: 'Settings',
  about: 'About Weir',
  close: 'Close',
  cancel: 'Cancel',
  copy: 'Copy',
  copied: 'Copied',
  copyFailed: 'Nothing was copied: the system refused access to the clipboard.',
  loading: 'Loading…',
  retry: 'Try again',
  details: 'Details',
  drop: 'drop',
  all: 'All',

  connection: {
    connecting: 'Connecting…',
    lost: 'Connection lost, trying again. What you see may be out of date.',
    back: 'Connected again.',
  },

  dropZone: {
    title: 'Drop a file to open it',
    hint: 'A graph, a proof, a bundle, a reprodata.out; of any other file Weir says which drop made it',
    oneOnly: 'One file at a time, please: drop a single one.',
    notAFile: 'What was dropped is not a file.',
    titleFailed: 'The graph cannot be opened',
    tooLarge: (sizeBytes: number, limitBytes: number) =>
      `The file has ${formatBytes(sizeBytes)}; a browser can hand over at most ${formatBytes(limitBytes)}. ` +
      'Open it in the desktop window, or run it with “weir run FILE”.',
    unreadable: (name: string) =>
      `“${name}” could not be read. Check that it still exists and that you may read it.`,
  },

  open: {
    title: 'Run this graph?',
    kind: 'Kind',
    kinds: { physical: 'Physical graph', template: 'Physical graph template', logical: 'Logical graph' },
    drops: 'Drops',
    problems: (count: number) =>
      plural(count, 'problem keeps it from running', 'problems keep it from running'),
    trust: 'A graph can start programs on this computer. Run only graphs from people you trust.',
    run: 'Run graph',
    inspecting: 'Reading the graph…',
  },

  run: {
    failed: 'The graph was not started',
    sample: 'Run',
    sampleLabel: (name: string) => `Run sample ${name}`,
    started: (name: string) => `Session ${name} started`,
  },

  list: {
    filterText: 'Filter by graph or session',
    filterStatus: 'Status',
    anyStatus: 'Any status',
    moreFilters: 'More filters',
    filterGraph: 'Graph',
    filterSince: 'Started since',
    filterUntil: 'Started until',
    filterSignature: 'Signature, or its beginning',
    badSignature: 'A signature has up to 64 hexadecimal digits.',
    findDrops: 'By drop name or content: find drops in all sessions',
    count: (count: number) => plural(count, 'session', 'sessions'),
    shown: (shown: number, total: number) =>
      `${formatInteger(shown)} of ${plural(total, 'session', 'sessions')}`,
    more: 'Show more',
    columns: {
      status: 'Status',
      graph: 'Graph',
      drops: 'Drops',
      started: 'Started',
      duration: 'Duration',
      errors: 'Errors',
    },
    emptyTitle: 'Nothing has been run here yet',
    emptyText: 'Start with a sample, or with a graph of your own.',
    noSamples: 'Start with a graph of your own.',
    dropHere: 'Drop a graph file anywhere on this window, or',
    noMatchTitle: 'No session matches',
    noMatchText: 'Change the filter to see more.',
    clearFilter: 'Clear filter',
    samples: 'Samples',
    failed: 'The list of sessions cannot be shown',
  },

  session: {
    tabs: {
      overview: 'Overview',
      drops: 'Drops',
      graph: 'Graph',
      log: 'Log',
      reproducibility: 'Reproducibility',
    },
    tabsLabel: 'Views of the session',
    notFoundTitle: 'There is no such session',
    notFoundText: 'It may have been deleted, or the link belongs to another node.',
    backToList: 'Back to all sessions',
    cancel: 'Cancel run',
    cancelTitle: 'Cancel this run?',
    cancelText: 'Drops that are running are stopped. What has been completed stays.',
    keepRunning: 'Keep running',
    cancelled: 'The run is being cancelled',
    rerun: 'Run again',
    rerunTitle: 'Run this graph again?',
    rerunText: 'A new session is made of the same graph.',
    rerunAll: 'Run everything',
    rerunReuse: 'Reuse what is still good',
    rerunReuseText:
      'With reuse, a result is taken over where the record says that code, parameters and inputs are the same and the stored ' +
      'data still has the recorded hash. The new session says for each drop why.',
    pin: 'Pin',
    unpin: 'Unpin',
    pinText: 'A pinned session keeps everything it has: no rule takes anything from it.',
    pinned: 'The session is pinned',
    unpinned: 'The session is not pinned any more',
    delete: 'Delete',
    deleteTitle: 'Delete this session?',
    deleteText:
      'Its record and its log are removed from this computer; the files in its folder stay, and so does its seal in the log of ' +
      'this device, which keeps that it was deleted. This cannot be undone.',
    deleteLive: 'It is still running and is cancelled first.',
    deleted: 'The session was deleted',
    goneTitle: 'This session was deleted',
    goneText: 'Someone removed it while it was shown here.',
    failedAction: {
      cancel: 'The run was not cancelled',
      delete: 'The session was not deleted',
      pin: 'The session was not pinned',
      rerun: 'The graph was not started again',
    },
    facts: {
      sessionId: 'Session',
      created: 'Created',
      started: 'Started',
      finished: 'Finished',
      duration: 'Duration',
      origin: 'Origin',
      folder: 'Folder',
      dropped: 'Contents, events or log removed',
      host: 'Host',
      rmode: 'Reproducibility',
      timings: 'Time spent',
      signatures: 'Signatures',
    },
    timings: { loadMs: 'load', deployMs: 'deploy', executeMs: 'execute', recordMs: 'record' },
    progress: (done: number, total: number) =>
      `${formatInteger(done)} of ${plural(total, 'drop', 'drops')} settled`,
    errorsTitle: 'Errors',
    errorsMore: (count: number) => `Show ${plural(count, 'drop', 'drops')} in error`,
    errorsShown: (shown: number, total: number) =>
      `The first ${formatInteger(shown)} of ${plural(total, 'error', 'errors')}`,
    sessionError: 'Session',
    progressTitle: 'Progress by logical drop',
    progressNone: 'The graph names no logical drops.',
    progressMore: (shown: number, total: number) =>
      `${formatInteger(shown)} of ${formatInteger(total)} logical drops; the graph shows the others`,
    slowestTitle: 'Slowest drops',
    slowestNone: 'No drop has been run yet.',
    factsTitle: 'About this session',
    announceState: (graph: string, word: string) => `${graph}: ${word}`,
  },

  drops: {
    tableLabel: 'Drops of the session',
    filterText: 'Filter by name or id',
    status: 'Status',
    anyStatus: 'Any status',
    kind: 'Kind',
    anyKind: 'Data and apps',
    kinds: { data: 'Data', app: 'App' },
    logical: (name: string) => `Logical drop ${name}`,
    clearLogical: 'Show all logical drops',
    columns: {
      status: 'Status',
      name: 'Name',
      uid: 'Id',
      dropclass: 'Class',
      startedAt: 'Started',
      durationMs: 'Duration',
      sizeBytes: 'Size',
    },
    count: (count: number) => plural(count, 'drop', 'drops'),
    countOf: (count: number, total: number) => `${formatInteger(count)} of ${plural(total, 'drop', 'drops')}`,
    none: 'No drop matches the filter.',
    cut: (shown: number) =>
      `The table reaches to row ${formatInteger(shown)}; filter or sort to see the others.`,
    failed: 'The drops cannot be shown',
  },

  table: {
    loadingRow: '…',
    help: 'Arrow keys move, Enter opens.',
    sortBy: (column: string) => `Sort by ${column}`,
  },

  graph: {
    label: (name: string) => `Graph of ${name}`,
    help:
      'Left and right follow the edges to producers and consumers, up and down go to siblings, Enter opens, ' +
      'plus and minus zoom, 0 shows everything. The Drops tab shows the same as a table.',
    folded: 'Logical drops',
    unfolded: 'All drops',
    view: 'Show',
    zoomIn: 'Zoom in',
    zoomOut: 'Zoom out',
    fit: 'Show everything',
    notUnfolded: (total: number, limit: number) =>
      `All drops are drawn up to ${formatInteger(limit)}; this session has ${formatInteger(total)}.`,
    inTable: 'See them in the table',
    truncated: (shown: number, total: number) =>
      `${formatInteger(shown)} of ${formatInteger(total)} are drawn; the table shows all.`,
    empty: 'This graph has no drops.',
    drawing: 'Laying out the graph…',
    node: (name: string, kind: string, states: string) => `${name}, ${kind}, ${states}`,
    edges: (inputs: number, outputs: number) =>
      `${plural(inputs, 'input', 'inputs')}, ${plural(outputs, 'output', 'outputs')}`,
    noProducer: 'No producer',
    noConsumer: 'No consumer',
    noSibling: 'No further sibling',
    outside: (count: number) => `${plural(count, 'node', 'nodes')} with errors outside the view`,
    jump: 'Go there',
    failed: 'The graph cannot be drawn',
    legend: 'Legend',
  },

  log: {
    label: 'Log of the session',
    filterText: 'Filter messages',
    level: 'Level',
    anyLevel: 'All levels',
    levels: { debug: 'Debug', info: 'Info', warn: 'Warning', error: 'Error' },
    count: (count: number) => plural(count, 'entry', 'entries'),
    none: 'Nothing was logged.',
    dropped: (at: number) =>
      `There is no log: retention took what this session had on ${formatDateTime(at)}. The checkpoints have an entry of it.`,
    noMatch: 'No entry matches the filter.',
    follow: 'Follow the newest',
    failed: 'The log cannot be shown',
    columns: { at: 'Time', level: 'Level', uid: 'Drop', message: 'Message' },
  },

  reproducibility: reproducibilityStrings,
  checkpoints: logStrings,
  file: fileStrings,
  find: findStrings,
  retention: retentionStrings,

  dropPage: {
    notFoundTitle: 'There is no such drop',
    errors: 'Errors',
    content: 'Content',
    parameters: 'Parameters',
    relations: 'Relations',
    events: 'Events',
    facts: 'Facts of the run',
    log: 'Log',
    spec: 'Specification',
    identity: 'About this drop',
    none: 'none',
    more: (count: number) => `Show ${formatInteger(count)} more`,
    relationNames: { inputs: 'Inputs', outputs: 'Outputs', producers: 'Producers', consumers: 'Consumers' },
    fields: {
      uid: 'Id',
      kind: 'Kind',
      dropclass: 'Class',
      logical: 'Logical drop',
      status: 'Status',
      execStatus: 'Execution',
      started: 'Started',
      finished: 'Finished',
      duration: 'Duration',
      size: 'Size',
      checksum: 'Checksum',
      hash: 'Content hash',
      dataUrl: 'Data URL',
      path: 'Path',
      row: 'Row',
    },
    columns: { name: 'Name', value: 'Value', time: 'Time', after: 'After', event: 'Event', state: 'State' },
    copySpec: 'Copy specification as JSON',
    noEvents: 'Nothing has happened to this drop yet.',
    noParameters: 'No parameters.',
    detail: 'Output of the program',
    specTitle: 'Show the specification as JSON',
    sameContent: 'Show all drops with the same content',
  },

  content: {
    loading: 'Reading the content…',
    empty: 'The content is empty (0 bytes).',
    unavailable: 'No content is kept.',
    save: 'Save…',
    copy: 'Copy text',
    views: { text: 'Text', json: 'JSON', hex: 'Hex', image: 'Image' },
    viewAs: 'View as',
    range: (from: number, to: number, total: number | null) =>
      total === null
        ? `Bytes ${formatInteger(from)} to ${formatInteger(to)}`
        : `Bytes ${formatInteger(from)} to ${formatInteger(to)} of ${formatInteger(total)}`,
    previous: 'Previous part',
    next: 'Next part',
    imageAlt: (name: string) => `Content of ${name}`,
    failed: 'The content cannot be read',
    saveFailed: 'The content was not saved',
    tooLargeToSave: (totalBytes: number, path: string | null) =>
      `The content has ${formatBytes(totalBytes)}, too much to pass through the window. ` +
      (path === null ? 'Use “weir cat SESSION DROP > FILE”.' : `It is on this computer as ${path}.`),
  },

  unknownPage: {
    title: 'There is nothing at this address',
    text: (path: string) => `“${path}” leads nowhere in this window.`,
  },

  settingsDialog: {
    title: 'Settings',
    theme: 'Colours',
    themes: { system: 'As the system', light: 'Light', dark: 'Dark' },
  },

  aboutDialog: {
    title: 'About Weir',
    text: 'Runs DALiuGE graphs on this computer and remembers what ran.',
    copy: 'Copy all',
    fields: {
      version: 'Weir',
      apiVersion: 'Window contract',
      electronVersion: 'Electron',
      nodeVersion: 'Node',
      platform: 'Platform',
      hostName: 'Computer',
      dataDir: 'Data folder',
      url: 'Address',
      pid: 'Process',
    },
    failed: 'The facts about this node cannot be shown',
  },

  versionMismatch: (host: number, page: number) =>
    `This window speaks version ${page} of the contract, the node version ${host}. Reload the window; if this stays, ` +
    'restart the node so that both come from the same Weir.',

  shortcuts: {
    title: 'Keyboard',
    search: 'Go to the filter',
    sessions: 'Go to the sessions',
    open: 'Open a graph',
    help: 'Show this list',
    tableMove: 'Move in a table',
    tableOpen: 'Open the row or drop',
    graphEdges: 'Graph: to a producer or consumer',
    graphSiblings: 'Graph: to a sibling',
    graphZoom: 'Graph: closer, farther, everything',
  },
} as const;
