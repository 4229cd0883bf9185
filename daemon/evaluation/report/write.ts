import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openOutFolder } from '../facts/out-folder.ts';
import { buildReport, formatReport } from './build.ts';
import { formatMarkdown } from './markdown.ts';
import { formatPage } from './page.ts';
import type { Report, ReportParts, ReportSamples } from './types.ts';

/**
 * Writes report.json, report.md and report.html into a folder, which is made if need be.
 *
 * @throws OutFolderError, or the error of the file system
 */
export function writeReport(folder: string, parts: ReportParts, samples: ReportSamples): Report {
  const report = buildReport(parts);
  openOutFolder(folder);
  writeFileSync(join(folder, 'report.json'), formatReport(report));
  writeFileSync(join(folder, 'report.md'), formatMarkdown(report));
  writeFileSync(join(folder, 'report.html'), formatPage(report, samples));
  return report;
}
