/** Forms as browsers, EAGLE and DALiuGE's clients send them: url-encoded or multipart, every field as text. */
import type { FastifyRequest } from 'fastify';
import { messageOf, WeirError } from '../protocol/index.ts';
import { readBody } from './request-body.ts';

/** A translated graph may be large; more than this is for the command line. */
const MAX_FORM_BYTES = 512 * 2 ** 20;

export type Form = Readonly<Record<string, string | undefined>>;

/** The fields of a request's body; a file counts as its text. Throws USAGE for a body that is no form. */
export async function formOf(request: FastifyRequest): Promise<Form> {
  const bytes = await readBody(request.raw, MAX_FORM_BYTES);
  if (bytes.length === 0) return {};
  const type = request.headers['content-type'] ?? '';
  if (!/^(multipart\/form-data|application\/x-www-form-urlencoded)/i.test(type))
    throw new WeirError('USAGE', 'A form was expected (multipart/form-data or url-encoded).');
  const fields: Record<string, string> = Object.create(null) as Record<string, string>;
  try {
    const form = await new Response(new Uint8Array(bytes), { headers: { 'content-type': type } }).formData();
    for (const [name, value] of form) fields[name] = typeof value === 'string' ? value : await value.text();
  } catch (cause) {
    throw new WeirError('USAGE', `The body of the request is no form: ${messageOf(cause)}.`, { cause });
  }
  return fields;
}

/** The JSON object in a request's body. Throws USAGE. */
export async function jsonOf(request: FastifyRequest): Promise<Readonly<Record<string, unknown>>> {
  const text = Buffer.from(await readBody(request.raw, MAX_FORM_BYTES)).toString('utf8');
  try {
    const value: unknown = text === '' ? {} : JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>;
  } catch (cause) {
    throw new WeirError('USAGE', `The body of the request is not JSON: ${messageOf(cause)}.`, { cause });
  }
  throw new WeirError('USAGE', 'A JSON object was expected as the body of the request.');
}
