import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { API_VERSION } from '../../engine/api/contract.ts';
import { API_VERSION_OF_PAGE } from '../../renderer/data/api-version.ts';

const file = path.resolve(import.meta.dirname, '../../renderer/styles/tokens.css');
// The first block of the file; those for high contrast after it only sharpen.
const [tokens = ''] = readFileSync(file, 'utf8').split('@media');

/** Both values of every colour token: light, dark. */
const colors = new Map(
  [...tokens.matchAll(/(--[\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)/g)].map(
    ([, name = '', light = '', dark = '']) => [name, [light, dark] as const],
  ),
);

function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const value = parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [low = 0, high = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}

const SURFACES = ['--color-canvas', '--color-surface', '--color-raised', '--color-sunken'];
const TEXTS = ['--color-text', '--color-muted', '--color-accent', '--color-accent-strong', '--color-danger'];
const STATES = [...colors.keys()].filter((name) => name.startsWith('--state-'));

describe.each([
  ['light', 0],
  ['dark', 1],
] as const)('colours of the %s theme', (_theme, index) => {
  const value = (name: string): string => colors.get(name)?.[index] ?? '';

  it.each(TEXTS.flatMap((text) => SURFACES.map((surface) => [text, surface])))(
    '%s can be read on %s',
    (text = '', surface = '') => {
      expect(contrast(value(text), value(surface))).toBeGreaterThanOrEqual(4.5);
    },
  );

  it.each([...STATES, '--color-control', '--color-focus'].flatMap((mark) => SURFACES.map((s) => [mark, s])))(
    '%s stands out on %s',
    (mark = '', surface = '') => {
      expect(contrast(value(mark), value(surface))).toBeGreaterThanOrEqual(3);
    },
  );

  it('of parts stand out, and bear text', () => {
    const parts = [...colors.keys()].filter((name) => name.startsWith('--part-'));
    expect(parts).toHaveLength(8);
    for (const part of parts) {
      expect(contrast(value(part), value('--color-on-part'))).toBeGreaterThanOrEqual(4.5);
      for (const surface of SURFACES) expect(contrast(value(part), value(surface))).toBeGreaterThanOrEqual(3);
    }
  });

  it('make the text of the main button readable', () => {
    expect(contrast(value('--color-on-accent'), value('--color-accent'))).toBeGreaterThanOrEqual(4.5);
    expect(contrast(value('--color-on-accent'), value('--color-accent-strong'))).toBeGreaterThanOrEqual(4.5);
  });
});

it('this page speaks the version of the contract it was built with', () => {
  expect(API_VERSION_OF_PAGE).toBe(API_VERSION);
});
