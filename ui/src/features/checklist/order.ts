// The order in which the checklist is walked, and where to go next. Own
// department first, then the others as the board lists them; inside a
// department the checklist's own order.
import type { ItemView, PartyView } from '@/platform/app'
import { answerOf } from '../task/value'

export interface Section {
  name: string
  items: ItemView[]
  answered: number
}

export interface Chapter {
  party: PartyView
  sections: Section[]
}

/** The tree of the left column. */
export function chapters(parties: readonly PartyView[], items: readonly ItemView[]): Chapter[] {
  const ordered = [...parties.filter((party) => party.own), ...parties.filter((party) => !party.own)]
  return ordered.map((party) => ({
    party,
    sections: sections(items.filter((item) => item.department === party.department)),
  }))
}

function sections(items: readonly ItemView[]): Section[] {
  const byName = new Map<string, ItemView[]>()
  for (const item of items) byName.set(item.section, [...(byName.get(item.section) ?? []), item])
  return [...byName].map(([name, list]) => ({ name, items: list, answered: list.filter(isAnswered).length }))
}

/** Whether something was answered; an answer taken back is 未查. */
export function isAnswered(item: ItemView): boolean {
  return answerOf(item.result) !== null
}

/** All items in walking order. */
export function walk(tree: readonly Chapter[]): ItemView[] {
  return tree.flatMap((chapter) => chapter.sections.flatMap((section) => section.items))
}

/** The item before or after one, or none at the ends. */
export function neighbour(items: readonly ItemView[], code: string, step: 1 | -1): ItemView | undefined {
  const at = items.findIndex((item) => item.code === code)
  return at < 0 ? undefined : items[at + step]
}

/** The next own item without an answer after `code`, going round once; never `code` itself. */
export function nextUnchecked(items: readonly ItemView[], code: string | undefined): ItemView | undefined {
  const at = items.findIndex((item) => item.code === code)
  const round = [...items.slice(at + 1), ...items.slice(0, Math.max(at, 0))]
  return round.find((item) => item.access === 'own' && !isAnswered(item))
}

/** Own items that wait for an answer. */
export function uncheckedCount(items: readonly ItemView[]): number {
  return items.filter((item) => item.access === 'own' && !isAnswered(item)).length
}
