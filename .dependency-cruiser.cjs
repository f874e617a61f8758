// The import rule of the house: an arrow may only point down this list, and only to a room's door (index.ts).
const rooms = [
  [
    'cli',
    [
      'host',
      'api',
      'managers',
      'store',
      'translator',
      'reproducibility',
      'graph',
      'session',
      'drops',
      'protocol',
    ],
  ],
  [
    'host',
    [
      'delayed',
      'api',
      'managers',
      'session',
      'translator',
      'reproducibility',
      'graph',
      'drops',
      'store',
      'protocol',
    ],
  ],
  ['api', ['managers', 'session', 'drops', 'translator', 'reproducibility', 'store', 'graph', 'protocol']],
  ['managers', ['session', 'drops', 'store', 'translator', 'graph', 'protocol']],
  ['delayed', ['drops', 'protocol']],
  ['session', ['drops', 'graph', 'store', 'reproducibility', 'protocol']],
  ['translator', ['graph', 'reproducibility', 'protocol']],
  ['reproducibility', ['protocol']],
  ['graph', ['protocol']],
  ['drops', ['reproducibility', 'protocol']],
  ['store', ['protocol']],
  ['protocol', []],
];

module.exports = {
  forbidden: [
    ...rooms.map(([room, below]) => ({
      name: `room-${room}`,
      comment: `engine/${room} knows only: ${below.join(', ') || 'nothing'}`,
      severity: 'error',
      from: { path: `^engine/${room}/` },
      to: { path: '^engine/', pathNot: [room, ...below].map((r) => `^engine/${r}/`) },
    })),
    ...rooms.map(([room]) => ({
      name: `door-${room}`,
      comment: `engine/${room} is entered through its index.ts only`,
      severity: 'error',
      from: { path: '^(engine|electron)/', pathNot: `^engine/${room}/` },
      to: { path: `^engine/${room}/`, pathNot: `^engine/${room}/(index|contract)\\.ts$` },
    })),
    {
      name: 'renderer-knows-only-the-contract',
      severity: 'error',
      from: { path: '^renderer/' },
      // The protocol's door leads to hashing, which is Node's; the names of states are pure.
      to: { path: '^(engine|electron)/', pathNot: '^engine/(api/contract|protocol/states)\\.ts$' },
    },
    {
      name: 'engine-without-electron',
      severity: 'error',
      from: { path: '^engine/' },
      to: { path: '(^electron/|^renderer/|node_modules/electron/)' },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { extensions: ['.ts', '.js', '.mjs'] },
  },
};
