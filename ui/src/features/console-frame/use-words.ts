// Words that every console screen needs: those of an error, and "how long ago".
import { useNow } from '@vueuse/core'
import { useI18n } from 'vue-i18n'
import { asConsoleError } from '@/platform/console'
import { ageOf } from './age'
import { errorWords } from './error-words'

/** One sentence for whatever was thrown, in the person's language. */
export function useErrorWords(): (thrown: unknown) => string {
  const { t, te, locale } = useI18n()
  return (thrown) => errorWords(asConsoleError(thrown), { t, te, language: locale.value })
}

/** `12 分钟前`; keeps itself up to date. */
export function useAgeWords(): (rfc3339: string) => string {
  const { t } = useI18n()
  const now = useNow({ interval: 30_000 })
  return (rfc3339) => {
    const age = ageOf(rfc3339, now.value.getTime())
    return age === null ? rfc3339 : t(`consoleFrame.age.${age.unit}`, { n: age.n })
  }
}
