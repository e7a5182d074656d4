// The words of the enterprise directory.
import { defineMessages } from '@/shared/i18n'

export const consoleEnterpriseMessages = defineMessages(
  'consoleEnterprises',
  {
    title: '企业名录',
    search: '搜索企业名称或统一社会信用代码',
    filter: '按风险筛选',
    all: '全部',
    short: { major: '重大', larger: '较大', general: '一般', low: '低' },
    column: { name: '企业', risk: '风险', uscc: '统一社会信用代码', address: '地址', tags: '风险标签', industry: '行业代码', division: '行政区划' },
    empty: '企业名录还是空的',
    emptyHint: '用电子表格导入企业名录后即可检索。',
    emptyFiltered: '没有符合条件的企业',
    emptyFilteredHint: '核对名称或代码，或清除筛选条件。',
    clear: '清除筛选',
    newTask: '为这家企业新建任务',
    gone: '名录里没有这家企业。',
    noTags: '无',
  },
  {
    title: 'Enterprise directory',
    search: 'Search name or credit code',
    filter: 'Filter by risk',
    all: 'All',
    short: { major: 'Severe', larger: 'High', general: 'Medium', low: 'Low' },
    column: { name: 'Enterprise', risk: 'Risk', uscc: 'Credit code', address: 'Address', tags: 'Hazard tags', industry: 'Industry', division: 'Division' },
    empty: 'The directory is empty',
    emptyHint: 'Import a spreadsheet of enterprises to search it here.',
    emptyFiltered: 'No enterprise matches',
    emptyFilteredHint: 'Check name or code, or clear the filters.',
    clear: 'Clear filters',
    newTask: 'New task for this enterprise',
    gone: 'This enterprise is not in the directory.',
    noTags: 'none',
  },
)
