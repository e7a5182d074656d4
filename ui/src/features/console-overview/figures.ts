// Which figures the overview shows to an account, and to which list each leads.
import type { Overview } from '@/platform/console-types'
import type { Action } from '@/features/console-frame/session'

export interface Figure {
  /** Key of its word, under the whole of i18n. */
  word: string
  value: number
  to: string
  tone: 'plain' | 'bad' | 'warn'
}

export interface FigureGroup {
  name: 'tasks' | 'record' | 'tablets' | 'directories'
  figures: Figure[]
}

/** A figure that is zero alarms nobody. */
const alarm = (value: number, tone: 'bad' | 'warn'): Figure['tone'] => (value > 0 ? tone : 'plain')

export function figureGroups(overview: Overview, may: (action: Action) => boolean): FigureGroup[] {
  const groups: FigureGroup[] = []
  const review = may('review_findings')
  if (may('read_tasks')) {
    groups.push({
      name: 'tasks',
      figures: (['draft', 'dispatched', 'returned', 'approved', 'cancelled'] as const).map((status) => ({
        word: `common.status.${status}`,
        value: overview.tasks_by_status[status] ?? 0,
        to: `/tasks?status=${status}`,
        tone: 'plain',
      })),
    })
    groups.push({
      name: 'record',
      figures: [
        { word: 'consoleOverview.figure.major', value: overview.findings_major, to: '/tasks?status=dispatched', tone: alarm(overview.findings_major, 'bad') },
        { word: 'consoleOverview.figure.general', value: overview.findings_general, to: '/tasks?status=dispatched', tone: 'plain' },
        { word: 'consoleOverview.figure.conflicts', value: overview.open_conflicts, to: '/tasks?status=dispatched', tone: alarm(overview.open_conflicts, 'warn') },
        { word: 'consoleOverview.figure.returned', value: overview.returned, to: review ? '/review?status=returned' : '/tasks?status=returned', tone: alarm(overview.returned, 'warn') },
      ],
    })
  }
  if (may('manage_tablets')) {
    groups.push({
      name: 'tablets',
      figures: [
        { word: 'consoleOverview.figure.tablets', value: overview.tablets, to: '/tablets', tone: 'plain' },
        { word: 'consoleOverview.figure.behind', value: overview.tablets_behind, to: '/tablets', tone: alarm(overview.tablets_behind, 'warn') },
      ],
    })
  }
  if (may('read_directories')) {
    groups.push({
      name: 'directories',
      figures: [
        { word: 'consoleOverview.figure.enterprises', value: overview.enterprises, to: '/enterprises', tone: 'plain' },
        { word: 'consoleOverview.figure.departments', value: overview.departments, to: '/directory', tone: 'plain' },
        { word: 'consoleOverview.figure.inspectors', value: overview.inspectors, to: '/directory', tone: 'plain' },
      ],
    })
  }
  return groups
}
