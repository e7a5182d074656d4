// The keyboard of a list: `/` goes to the search, `j`/`k` (or the arrows) walk
// the rows, Enter opens. Rows are the elements with `data-row` inside the list;
// the one that has the focus is the current one, so nothing needs a state.
import { useEventListener } from '@vueuse/core'
import type { Ref } from 'vue'

/** The index to go to; rows end at the ends, they do not wrap. */
export function nextIndex(current: number, count: number, step: 1 | -1): number {
  if (count === 0) return -1
  if (current < 0) return step === 1 ? 0 : count - 1
  return Math.min(count - 1, Math.max(0, current + step))
}

/** Whether a key press belongs to a field the person is writing in. */
export function isWriting(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  return target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName)
}

export function useListKeys(
  list: Ref<HTMLElement | null | undefined>,
  search: Ref<HTMLInputElement | null | undefined>,
): void {
  useEventListener(document, 'keydown', (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    if (document.querySelector('dialog[open]') !== null) return
    if (event.key === 'Escape' && event.target === search.value) search.value?.blur()
    if (isWriting(event.target)) return
    if (event.key === '/') {
      event.preventDefault()
      search.value?.focus()
      search.value?.select()
    } else if (event.key === 'j' || event.key === 'k') {
      const rows = [...(list.value?.querySelectorAll<HTMLElement>('[data-row]') ?? [])]
      const current = rows.findIndex((row) => row === document.activeElement)
      const row = rows[nextIndex(current, rows.length, event.key === 'j' ? 1 : -1)]
      if (row === undefined) return
      event.preventDefault()
      row.focus()
      row.scrollIntoView({ block: 'nearest' })
    }
  })
}
