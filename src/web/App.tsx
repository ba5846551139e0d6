import { lazy, Suspense } from 'react'
import { Navigate, Route, Routes } from 'react-router'
import { Layout } from './components/Layout.tsx'
import { Loading } from './components/States.tsx'
import { DatasetPage } from './pages/DatasetPage.tsx'
import { NotFoundPage } from './pages/NotFoundPage.tsx'
import { OverviewPage } from './pages/OverviewPage.tsx'
import { ReportPage } from './pages/ReportPage.tsx'
import { RunPage } from './pages/RunPage.tsx'
import { ServerPage } from './pages/ServerPage.tsx'

// The map brings a coastline; those who do not look at it do not load it.
const MapPage = lazy(() => import('./pages/MapPage.tsx').then((module) => ({ default: module.MapPage })))

export function App() {
  return (
    <Layout>
      <Suspense fallback={<Loading />}>
        <Routes>
          <Route path="/" element={<Navigate to="/harvest" replace />} />
          <Route path="/harvest" element={<OverviewPage />} />
          <Route path="/harvest/server/:slug" element={<ServerPage />} />
          <Route path="/harvest/dataset/:slug/:id" element={<DatasetPage />} />
          <Route path="/harvest/report/organization/:name" element={<ReportPage />} />
          <Route path="/harvest/report/:slug" element={<ReportPage />} />
          <Route path="/harvest/run/:id" element={<RunPage />} />
          <Route path="/harvest/map" element={<MapPage />} />
          <Route path="*" element={<NotFoundPage />} />
        </Routes>
      </Suspense>
    </Layout>
  )
}
