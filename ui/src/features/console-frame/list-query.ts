// The filters of a list, kept in the address, so that a link to a filtered list
// can be sent and "back" brings it back. Pure; the router is the views'.

/** What vue-router gives for one name of the query. */
type Raw = string | null | undefined | (string | null)[]
/** The query of an address. */
export type RawQuery = Readonly<Record<string, Raw>>

/** Rows on one page of every list. */
export const PAGE_SIZE = 20

const first = (raw: Raw): string => (Array.isArray(raw) ? (raw[0] ?? '') : (raw ?? ''))

/** The text under a name; empty when it is missing. */
export function textOf(query: RawQuery, name: string): string {
  return first(query[name]).slice(0, 200)
}

/** The text under a name if it is one of the allowed, else empty. */
export function oneOf<T extends string>(query: RawQuery, name: string, allowed: readonly T[]): T | '' {
  const text = first(query[name])
  return allowed.find((each) => each === text) ?? ''
}

/** The page number, from 1; anything odd is page 1. */
export function pageOf(query: RawQuery): number {
  const page = Number(first(query.page))
  return Number.isInteger(page) && page >= 1 && page <= 1_000_000 ? page : 1
}

/**
 * The query after some filters changed. Changing a filter goes back to page 1;
 * empty values leave the address.
 */
export function withFilters(
  query: RawQuery,
  change: Readonly<Record<string, string | number>>,
): Record<string, string> {
  const next = new Map<string, string>()
  for (const [name, raw] of Object.entries(query)) {
    if (name !== 'page' || 'page' in change) next.set(name, first(raw))
  }
  for (const [name, value] of Object.entries(change)) next.set(name, String(value))
  if (next.get('page') === '1') next.delete('page')
  return Object.fromEntries([...next].filter(([, text]) => text !== ''))
}

/** How many pages there are; at least one, so that an empty list has a page. */
export function pageCount(total: number, size: number): number {
  return Math.max(1, Math.ceil(total / Math.max(1, size)))
}
