// The words of the directory of departments and inspectors.
import { defineMessages } from '@/shared/i18n'

export const consoleDirectoryMessages = defineMessages(
  'consoleDirectory',
  {
    title: '部门与检查员',
    search: '搜索部门',
    filter: '按层级筛选',
    all: '全部层级',
    column: { name: '部门', sector: '领域', tier: '层级', inspectors: '检查员', person: '检查员', cert: '执法证号', valid: '有效期至' },
    people: '{n} 人',
    empty: '没有符合条件的部门',
    emptyHint: '换一个关键词，或清除筛选条件。',
    noPeople: '这个部门没有登记检查员',
    valid: '有效',
    invalid: '已失效',
    gone: '没有这个部门。',
    validCount: '{valid} 人证件有效，共 {all} 人',
    code: '登记码',
  },
  {
    title: 'Departments and inspectors',
    search: 'Search departments',
    filter: 'Filter by tier',
    all: 'Every tier',
    column: { name: 'Department', sector: 'Sector', tier: 'Tier', inspectors: 'Inspectors', person: 'Inspector', cert: 'Certificate', valid: 'Valid to' },
    people: '{n}',
    empty: 'No department matches',
    emptyHint: 'Try another word or clear the filters.',
    noPeople: 'This department has no inspectors on record',
    valid: 'valid',
    invalid: 'not valid',
    gone: 'There is no such department.',
    validCount: '{valid} of {all} certificates valid',
    code: 'Code',
  },
)
