// The rail: what there is, for whom, and where an account begins.
import type { IconName } from '@/shared/components/AppIcon.vue'
import type { Action } from './session'

export interface NavItem {
  name: 'overview' | 'tasks' | 'review' | 'enterprises' | 'directory' | 'tablets' | 'import'
  icon: IconName
  /** What the account must be allowed to do to see it. */
  action: Action
}

const NAV: readonly NavItem[] = [
  { name: 'overview', icon: 'home', action: 'read_tasks' },
  { name: 'tasks', icon: 'list', action: 'read_tasks' },
  { name: 'review', icon: 'check', action: 'review_findings' },
  { name: 'enterprises', icon: 'building', action: 'read_directories' },
  { name: 'directory', icon: 'people', action: 'read_directories' },
  { name: 'tablets', icon: 'tablet', action: 'manage_tablets' },
  { name: 'import', icon: 'upload', action: 'import_directories' },
]

export function navItems(may: (action: Action) => boolean): NavItem[] {
  return NAV.filter((item) => may(item.action))
}

/** The first page an account may see. */
export function homePath(may: (action: Action) => boolean): string {
  return `/${navItems(may)[0]?.name ?? 'nothing'}`
}
