/** Values that shapes of the contract are made of. */
import { Type, type TSchema } from 'typebox';

export const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

/** What a drop is. */
export const DropKind = Type.Union([Type.Literal('data'), Type.Literal('app')]);

/** Milliseconds since 1970 (UTC), or null where something has not happened. */
export const Time = Nullable(Type.Number());
