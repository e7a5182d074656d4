// A register's value in the person's words.
import type { Answer, AssessmentView, FieldView, ShownValue } from '@/platform/app'

type Translate = (key: string, named?: Record<string, unknown>) => string

/** The words for a value, such as 不符合, or 重大 · GM-04. */
export function valueText(value: ShownValue | null, t: Translate): string {
  if (!value) return t('common.none')
  switch (value.type) {
    case 'answer':
      return t(`common.answer.${value.value ?? 'none'}`)
    case 'assessment':
      return [t(`common.levelFull.${value.value.level}`), value.value.criterion].filter(Boolean).join(' · ')
    case 'text':
      return value.value || t('common.emptyText')
    case 'date':
      return value.value
    case 'other':
      return value.value
  }
}

/** The answer a field shows; `null` is 未查. */
export function answerOf(field: FieldView): Answer | null {
  return field.shown?.type === 'answer' ? (field.shown.value ?? null) : null
}

/** The text a field shows. */
export function textOf(field: FieldView): string {
  return field.shown?.type === 'text' || field.shown?.type === 'date' ? field.shown.value : ''
}

/** The assessment a field shows. */
export function assessmentOf(field: FieldView): AssessmentView {
  return field.shown?.type === 'assessment' ? field.shown.value : { level: 'general', criterion: null, basis: [] }
}
