// The words behind the codes that a task cites: legal bases and criteria of its
// reference package. Asked once per task, for the package does not change; a
// page provides them and whatever shows a code below takes them from there.
import { useQuery } from '@tanstack/vue-query'
import { computed, inject, provide, type ComputedRef, type InjectionKey, type Ref } from 'vue'
import { articles } from '@/platform/console'
import type { Article } from '@/platform/console-types'

export type ArticlesByCode = ReadonlyMap<string, Article>

const KEY: InjectionKey<ComputedRef<ArticlesByCode>> = Symbol('articles')
const NONE: ArticlesByCode = new Map()

/** Provides the articles of a task to everything below the caller. */
export function provideArticles(task: Ref<string>): void {
  const query = useQuery({ queryKey: ['articles', task], queryFn: () => articles(task.value), staleTime: Infinity })
  provide(KEY, computed(() => new Map((query.data.value ?? []).map((article) => [article.code, article]))))
}

/** The articles of the page's task; none until they are here. */
export function useArticles(): ComputedRef<ArticlesByCode> {
  return inject(KEY, computed(() => NONE), false)
}

/** 《安全生产法》第三十六条第三款; a criterion is its code and text; an unknown code is itself. */
export function citationOf(code: string, article: Article | undefined): string {
  if (article === undefined) return code
  if (article.article === '') return `${code} ${article.text}`
  return `《${article.title.replace(/^中华人民共和国/, '')}》${article.article}`
}
