// Words for codes that a record holds: what was done, why it was judged, which
// field. A code from a newer version is shown as it came.
import { useI18n } from 'vue-i18n'

export function useBoardWords() {
  const { t, te } = useI18n()
  const word = (key: string, otherwise: string) => (te(key) ? t(key) : otherwise)
  return {
    intentOf: (intent: string) => word(`consoleBoard.intent.${intent}`, intent),
    reasonOf: (code: string) => word(`consoleBoard.judgement.reason.${code}`, code),
    fieldOf: (target: { field: string }) => word(`consoleBoard.field.${target.field}`, ''),
    becauseOf: (code: string) => word(`consoleBoard.conflict.because.${code}`, code),
  }
}
