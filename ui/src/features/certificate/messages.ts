import { defineMessages } from '@/shared/i18n'

export const certificateMessages = defineMessages(
  'certificate',
  {
    title: '亮证',
    heading: '行政执法证',
    name: '姓名',
    unit: '单位',
    no: '证号',
    validTo: '有效期至',
    tablet: '平板',
    soon: '还有 {n} 天到期，请尽快换证。',
    lastDay: '今天是有效期最后一天。',
    expired: '证件已过期，不能出示，也不能执法。请联系办公室。',
    phrase: '我们是{unit}的执法人员，这是我的执法证件，请过目。',
  },
  {
    title: 'Certificate',
    heading: 'Enforcement certificate',
    name: 'Name',
    unit: 'Unit',
    no: 'Number',
    validTo: 'Valid to',
    tablet: 'Tablet',
    soon: 'Expires in {n} days; renew it soon.',
    lastDay: 'Today is the last day of validity.',
    expired: 'The certificate has expired: it must not be shown or used. Contact the office.',
    phrase: 'We are enforcement officers of {unit}; this is my certificate.',
  },
)
