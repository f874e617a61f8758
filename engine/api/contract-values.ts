/** Values that shapes of the contract are made of. */
import { Type, type TSchema } from 'typebox';

export const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

/** Milliseconds since 1970 (UTC), or null where something has not happened. */
export const Time = Nullable(Type.Number());
