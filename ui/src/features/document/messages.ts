import { defineMessages } from '@/shared/i18n'

export const documentMessages = defineMessages(
  'document',
  {
    title: '文书',
    siteRecord: '现场检查记录',
    intro: '按现在本机上的内容生成 PDF。生成后内容和哈希固定；之后的改动要另出补充记录。',
    make: '生成现场检查记录',
    making: '正在生成…',
    made: '已生成，并保存在本机',
    path: '文件位置',
    warnings: '生成时请注意',
    empty: '还没有生成过文书',
    openConflicts: '还有 {n} 个冲突没有裁定，记录里会如实写明。',
    unchecked: '本部门还有 {n} 项未查，记录里按「未查」列出。',
  },
  {
    title: 'Documents',
    siteRecord: 'On-site inspection record',
    intro: 'Makes a PDF of what is on this tablet now. Its content and hash are then fixed; later changes need a supplementary record.',
    make: 'Make the site record',
    making: 'Making…',
    made: 'Made, and saved on this tablet',
    path: 'File',
    warnings: 'Please note',
    empty: 'No documents yet',
    openConflicts: 'Conflicts not decided: {n}. The record will say so.',
    unchecked: 'Own items unchecked: {n}. The record lists them as such.',
  },
)
