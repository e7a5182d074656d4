// Every address of the console on one page, with what an account must be
// allowed to see it. The server refuses all the same; this only spares the person
// a page full of refusals.
import { watch } from 'vue'
import { createRouter, createWebHistory, type Router, type RouteRecordRaw } from 'vue-router'
import { homePath } from '@/features/console-frame/nav'
import { knowSession, useSession, type Action } from '@/features/console-frame/session'
import LoginView from './LoginView.vue'
import ShellView from './ShellView.vue'
import OverviewView from './OverviewView.vue'

declare module 'vue-router' {
  interface RouteMeta {
    /** Key of the page's name, for the window's title. */
    title?: string
    /** What the account must be allowed to do. */
    action?: Action
    /** Whether the page is for people who are not signed in. */
    open?: boolean
  }
}

const routes: RouteRecordRaw[] = [
  { path: '/login', name: 'login', component: LoginView, meta: { open: true, title: 'consoleFrame.login.submit' } },
  {
    path: '/',
    component: ShellView,
    children: [
      { path: '', name: 'home', component: { render: () => null } },
      { path: 'overview', name: 'overview', component: OverviewView, meta: { title: 'consoleFrame.nav.overview', action: 'read_tasks' } },
      { path: 'tasks/new', name: 'task-new', component: () => import('./NewTaskView.vue'), meta: { title: 'consoleTasks.new', action: 'open_task' } },
      {
        path: 'tasks',
        component: () => import('./TasksView.vue'),
        meta: { title: 'consoleFrame.nav.tasks', action: 'read_tasks' },
        children: [
          { path: '', name: 'tasks', component: { render: () => null } },
          { path: ':task', name: 'task', component: () => import('./TaskView.vue') },
        ],
      },
      {
        path: 'review',
        component: () => import('./ReviewsView.vue'),
        meta: { title: 'consoleFrame.nav.review', action: 'review_findings' },
        children: [
          { path: '', name: 'reviews', component: { render: () => null } },
          { path: ':task', name: 'review', component: () => import('./ReviewView.vue') },
        ],
      },
      { path: 'enterprises', name: 'enterprises', component: () => import('./EnterprisesView.vue'), meta: { title: 'consoleFrame.nav.enterprises', action: 'read_directories' } },
      { path: 'directory/:department?', name: 'directory', component: () => import('./DirectoryView.vue'), meta: { title: 'consoleFrame.nav.directory', action: 'read_directories' } },
      { path: 'tablets', name: 'tablets', component: () => import('./TabletsView.vue'), meta: { title: 'consoleFrame.nav.tablets', action: 'manage_tablets' } },
      { path: 'import', name: 'import', component: () => import('./ImportView.vue'), meta: { title: 'consoleFrame.nav.import', action: 'import_directories' } },
      { path: ':rest(.*)*', name: 'nowhere', component: () => import('./NowhereView.vue'), meta: { title: 'consoleFrame.notFound.title' } },
    ],
  },
]

/** The words the window's title needs; the shape of i18n's global part. */
interface Titles {
  t: (key: string) => string
  locale: { value: string }
}

export function consoleRouter(words: Titles): Router {
  const router = createRouter({
    history: createWebHistory('/'),
    routes,
    scrollBehavior: (to, from, saved) => saved ?? (to.path === from.path ? false : { top: 0 }),
  })
  router.beforeEach(async (to) => {
    const { may } = useSession()
    // When the server cannot be asked, the sign-in page is better than a blank one:
    // signing in tells what is wrong.
    const me = await knowSession().catch(() => null)
    if (to.meta.open) return me === null ? true : homePath(may)
    if (me === null) return { name: 'login', query: to.fullPath === '/' ? {} : { next: to.fullPath } }
    if (to.name === 'home') return homePath(may)
    if (to.meta.action !== undefined && !may(to.meta.action)) return { name: 'nowhere', params: { rest: ['denied'] }, replace: true }
    return true
  })
  watch([router.currentRoute, () => words.locale.value], ([route]) => {
    const page = route.meta.title === undefined ? '' : `${words.t(route.meta.title)} · `
    document.title = `${page}${words.t('common.product')} ${words.t('consoleFrame.console')}`
  })
  return router
}
