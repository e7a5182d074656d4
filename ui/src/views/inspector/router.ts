// Every place in the app. Addresses live behind the hash: the page is one file.
import { createRouter, createWebHashHistory } from 'vue-router'
import CertificateView from './CertificateView.vue'
import SettingsView from './SettingsView.vue'
import SyncView from './SyncView.vue'
import TaskView from './TaskView.vue'
import TodayView from './TodayView.vue'
import ChecklistView from './task/ChecklistView.vue'
import ConflictsView from './task/ConflictsView.vue'
import DocumentsView from './task/DocumentsView.vue'
import FindingsView from './task/FindingsView.vue'
import FindingView from './task/FindingView.vue'
import HistoryView from './task/HistoryView.vue'
import LawsView from './task/LawsView.vue'
import NotesView from './task/NotesView.vue'
import TeamView from './task/TeamView.vue'

export const router = createRouter({
  history: createWebHashHistory(),
  routes: [
    { path: '/', name: 'today', component: TodayView },
    {
      path: '/task/:task',
      component: TaskView,
      props: (to) => ({ task: to.params.task }),
      children: [
        { path: '', redirect: { name: 'checklist' } },
        { path: 'items/:code?', name: 'checklist', component: ChecklistView, props: true },
        { path: 'findings', name: 'findings', component: FindingsView },
        { path: 'findings/:rec', name: 'finding', component: FindingView, props: (to) => ({ rec: to.params.rec }) },
        { path: 'conflicts', name: 'conflicts', component: ConflictsView },
        { path: 'team', name: 'team', component: TeamView },
        { path: 'notes', name: 'notes', component: NotesView },
        { path: 'documents', name: 'documents', component: DocumentsView },
        { path: 'history', name: 'history', component: HistoryView },
        { path: 'laws', name: 'laws', component: LawsView },
      ],
    },
    { path: '/sync', name: 'sync', component: SyncView },
    { path: '/settings', name: 'settings', component: SettingsView },
    { path: '/certificate', name: 'certificate', component: CertificateView },
    { path: '/:rest(.*)*', redirect: { name: 'today' } },
  ],
})
