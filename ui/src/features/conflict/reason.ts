// The words for why the office judged a change; a code of a newer version is
// named as such.
import { useI18n } from 'vue-i18n'

export function useVerdictReason(): (code: string) => string {
  const { t, te } = useI18n()
  return (code) => (te(`conflict.verdictReason.${code}`, 'zh-CN') ? t(`conflict.verdictReason.${code}`) : t('conflict.unknownReason', { code }))
}
