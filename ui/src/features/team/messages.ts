import { defineMessages } from '@/shared/i18n'

export const teamMessages = defineMessages(
  'team',
  {
    title: '队伍',
    seats: '{n} 人',
    cert: '执法证 {no}',
    noTablet: '还没有平板',
    tablets: '平板',
    empty: '队伍名单还没有到本机',
  },
  {
    title: 'Team',
    seats: 'People {n}',
    cert: 'certificate {no}',
    noTablet: 'no tablet yet',
    tablets: 'tablets',
    empty: 'The team list is not on this tablet yet',
  },
)
