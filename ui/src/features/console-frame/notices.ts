// Short confirmations of what was just done ("已下发"). Errors are not told
// here: they stay beside what caused them until it works.
import { readonly, ref } from 'vue'

/** Milliseconds a confirmation stays. */
const STAYS_MS = 5000

const text = ref('')
let timer: ReturnType<typeof setTimeout> | undefined

export function useNotice() {
  return {
    text: readonly(text),
    tell(words: string): void {
      text.value = words
      clearTimeout(timer)
      timer = setTimeout(() => (text.value = ''), STAYS_MS)
    },
  }
}
