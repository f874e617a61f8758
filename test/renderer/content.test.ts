import { describe, expect, it } from 'vitest';
import { bytesOf, hexDump, kindOf, prettyJson, textOf } from '../../renderer/data/content.ts';

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('what a content is', () => {
  it.each([
    ['nothing', new Uint8Array(), 'empty'],
    ['a PNG', Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0), 'png'],
    ['a JPEG', Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 1), 'jpeg'],
    ['text', utf8('Grüße, Weir\n'), 'text'],
    ['text with colours of a terminal', utf8('\u001b[31mred\u001b[0m'), 'text'],
    ['JSON', utf8(' {"a": [1]}'), 'json'],
    ['text that only begins like JSON', utf8('[info] started'), 'text'],
    ['a pickle', Uint8Array.of(0x80, 4, 0x95, 0, 0), 'binary'],
    ['text with a zero byte', utf8('a\0b'), 'binary'],
  ] as const)('is seen for %s', (_what, bytes, kind) => expect(kindOf(bytes, true)).toBe(kind));

  it('is text where a part ends in the middle of a character', () => {
    const bytes = utf8('aé').subarray(0, 2);
    expect(kindOf(bytes, false)).toBe('text');
    expect(kindOf(bytes, true)).toBe('binary');
  });

  it('is never JSON while only a part is known', () => {
    expect(kindOf(utf8('{"a": 1}'), false)).toBe('text');
  });
});

describe('parts of a text', () => {
  it('drop the rest of a character that the part before has begun', () => {
    expect(textOf(utf8('é!').subarray(1), true)).toBe('!');
    expect(textOf(utf8('é!').subarray(1), false)).toBeUndefined();
  });
});

describe('showing bytes', () => {
  it('reads base64', () => expect([...bytesOf('AAH/')]).toEqual([0, 1, 255]));

  it('lays out JSON', () => {
    expect(prettyJson('{"a":1}')).toBe('{\n  "a": 1\n}');
    expect(prettyJson('{"a":')).toBeUndefined();
  });

  it('dumps sixteen bytes a line, with the offset of the part', () => {
    const lines = hexDump(utf8('0123456789abcdefXY\n'), 0x100).split('\n');
    expect(lines).toEqual([
      '00000100  30 31 32 33 34 35 36 37  38 39 61 62 63 64 65 66  0123456789abcdef',
      `00000110  58 59 0a${' '.repeat(15)}  ${' '.repeat(23)}  XY·`,
    ]);
  });
});
