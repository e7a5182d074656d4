import { defineMessages } from '@/shared/i18n'

export const noteMessages = defineMessages(
  'note',
  {
    title: '本部门笔记',
    only: '只有本部门可见：不会传给其他部门的平板，也不进联合记录。',
    new: '新笔记',
    newHint: '询问、举报、内部意见等',
    save: '存为笔记',
    empty: '还没有笔记',
  },
  {
    title: 'Notes of our department',
    only: 'Visible to our department only: never on other departments’ tablets, never in the joint record.',
    new: 'New note',
    newHint: 'interviews, complaints, internal opinions',
    save: 'Save note',
    empty: 'No notes yet',
  },
)
