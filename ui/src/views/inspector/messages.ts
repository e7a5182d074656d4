import { defineMessages } from '@/shared/i18n'

export const frameMessages = defineMessages(
  'frame',
  { today: '今日', task: '任务', settings: '设置', certificate: '亮证' },
  { today: 'Today', task: 'Task', settings: 'Settings', certificate: 'Show certificate' },
)
