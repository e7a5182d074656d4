// The words of the overview.
import { defineMessages } from '@/shared/i18n'

export const consoleOverviewMessages = defineMessages(
  'consoleOverview',
  {
    title: '概览',
    tasks: '任务',
    record: '现场记录',
    tablets: '平板',
    directories: '名录',
    figure: {
      general: '一般隐患',
      major: '重大隐患',
      conflicts: '待裁定冲突',
      returned: '退回待补充',
      tablets: '已登记平板',
      behind: '超过一天没有联系',
      enterprises: '企业',
      departments: '部门',
      inspectors: '检查员',
    },
    allGood: '都有联系',
    noTasks: '还没有任务。',
  },
  {
    title: 'Overview',
    tasks: 'Tasks',
    record: 'Records',
    tablets: 'Tablets',
    directories: 'Directories',
    figure: {
      general: 'General hazards',
      major: 'Major hazards',
      conflicts: 'Open conflicts',
      returned: 'Returned findings',
      tablets: 'Tablets enrolled',
      behind: 'No contact for over a day',
      enterprises: 'Enterprises',
      departments: 'Departments',
      inspectors: 'Inspectors',
    },
    allGood: 'all in contact',
    noTasks: 'No tasks yet.',
  },
)
