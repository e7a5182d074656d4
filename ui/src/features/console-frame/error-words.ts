// Which words a failed call gets. The server writes its messages in Chinese and
// may name the very row or certificate, so Chinese prefers them; the door's own
// codes and every other language go by code.
import type { ConsoleError } from '@/platform/console'

/** What the words are chosen with; the shape of vue-i18n's `t` and `te`. */
export interface Words {
  t: (key: string) => string
  te: (key: string) => boolean
  language: string
}

/** One sentence for the person: what happened and what to do. */
export function errorWords(error: ConsoleError, words: Words): string {
  const key = `consoleErrors.${error.code}`
  const chinese = words.language.startsWith('zh')
  if (chinese && error.message !== '' && error.status !== 0) return error.message
  if (words.te(key)) return words.t(key)
  if (error.message !== '' && error.status !== 0) return error.message
  return words.t('consoleErrors.unexpected')
}

/** Whether trying the same again, unchanged, may help. */
export function mayRetry(error: ConsoleError): boolean {
  return error.status === 0 || error.status === 429 || error.status >= 500
}
