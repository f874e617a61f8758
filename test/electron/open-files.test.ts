import { expect, test } from 'vitest';
import { filesOfArguments, filesOfSecondStart } from '../../electron/open-files.ts';

test('a packaged application opens the files among its arguments', () => {
  const argv = ['/opt/Weir/weir', '--no-sandbox', 'a.graph', '/data/b.graph', 'file:///data/c%20d.graph'];
  expect(filesOfArguments(argv, undefined, '/home/u')).toEqual([
    '/home/u/a.graph',
    '/data/b.graph',
    '/data/c d.graph',
  ]);
});

test('an unpackaged one leaves out what comes before and with its own folder', () => {
  const argv = ['electron', '--inspect=0', '-r', '/x/loader.js', '.', '--flag', 'a.graph'];
  expect(filesOfArguments(argv, '/home/u', '/home/u')).toEqual(['/home/u/a.graph']);
});

test.each([
  'https://example.org/a.graph',
  'dlg://session/1',
  'file://%zz',
  'file://server/share/x.graph',
  '',
  '-x',
])('the argument %j is no file', (argument) => {
  expect(filesOfArguments(['weir', argument], undefined, '/home/u')).toEqual([]);
});

test('a second start sends its files along, and nothing else is taken from it', () => {
  expect(filesOfSecondStart({ files: ['/a.graph', 'relative.graph', 5, null] })).toEqual(['/a.graph']);
  for (const data of [undefined, null, 'x', {}, { files: 'x' }]) expect(filesOfSecondStart(data)).toEqual([]);
});
