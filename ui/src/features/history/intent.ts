// The words for what a change was meant to do; an intent of a newer version is
// 其他改动 rather than a code.
import { useI18n } from 'vue-i18n'

export function useIntentName(): (intent: string) => string {
  const { t, te } = useI18n()
  return (intent) => {
    if (intent === 'file') return t('history.file')
    return te(`history.intent.${intent}`, 'zh-CN') ? t(`history.intent.${intent}`) : t('history.other')
  }
}
