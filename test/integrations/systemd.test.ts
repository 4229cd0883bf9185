import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { satisfies } from 'semver';
import { readEnv } from '../../daemon/config/config.ts';
import { SETTINGS } from '../../daemon/config/settings.ts';
import { tempFolder } from '../temp-folder.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const FOLDER = join(ROOT, 'integrations', 'systemd');
/** Of systemd.unit(5), socket(5), service(5), exec(5), kill(5) and resource-control(5): those that are used here. */
const KNOWN: Readonly<Record<string, string>> = {
  Unit: 'Description Documentation Requires After Wants StartLimitIntervalSec',
  Socket: 'ListenStream BindIPv6Only FreeBind ReusePort TriggerLimitIntervalSec',
  Service: [
    'Type User Group ExecStart Restart RestartSec TimeoutStopSec KillMode LimitNOFILE Environment EnvironmentFile',
    'StateDirectory StateDirectoryMode CacheDirectory CacheDirectoryMode UMask NoNewPrivileges CapabilityBoundingSet',
    'AmbientCapabilities ProtectSystem ProtectHome PrivateTmp PrivateDevices ProtectProc ProtectClock ProtectHostname',
    'ProtectControlGroups ProtectKernelLogs ProtectKernelModules ProtectKernelTunables RestrictAddressFamilies',
    'RestrictNamespaces RestrictRealtime RestrictSUIDSGID LockPersonality RemoveIPC SystemCallArchitectures',
    'SystemCallFilter SystemCallErrorNumber',
  ].join(' '),
  Install: 'WantedBy',
};

/** Values by `Section.Directive`, in order; every line is one, a section, a comment or empty. */
function readUnit(name: string): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  let section = '';
  for (const line of readFileSync(join(FOLDER, name), 'utf8').split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const header = /^\[(\w+)\]$/.exec(line)?.[1];
    if (header !== undefined) {
      section = header;
      assert.ok(section in KNOWN, `${name}: [${section}]`);
      continue;
    }
    const [, directive, value] = /^(\w+)=(.*)$/.exec(line) ?? [];
    assert.ok(directive !== undefined && value !== undefined, `${name}: ${line}`);
    assert.ok(KNOWN[section]?.split(' ').includes(directive), `${name}: systemd knows no ${directive} in [${section}]`);
    const key = `${section}.${directive}`;
    found.set(key, [...(found.get(key) ?? []), value]);
  }
  assert.ok(found.size >= 6, `${name} has ${found.size} directives`);
  return found;
}
const socket = readUnit('holdfast.socket');
const service = readUnit('holdfast.service');
const settings = new Map(
  (service.get('Service.Environment') ?? []).map((each) => [
    each.slice(0, each.indexOf('=')),
    each.slice(each.indexOf('=') + 1),
  ]),
);

test('the socket holds both loopback addresses of the port that the daemon listens on, and lets nobody beside it [TM-72]', () => {
  const { listen } = readEnv({}).config;
  assert.ok(listen.kind === 'tcp');
  assert.equal(listen.host, '127.0.0.1');
  assert.deepEqual(socket.get('Socket.ListenStream'), [`${listen.host}:${listen.port}`, `[::1]:${listen.port}`]);
  assert.deepEqual(socket.get('Socket.BindIPv6Only'), ['ipv6-only']);
  assert.deepEqual(socket.get('Socket.FreeBind'), ['no']);
  assert.deepEqual(socket.get('Socket.ReusePort'), ['no']);
  assert.ok(!settings.has('HOLDFAST_PORT') && !settings.has('HOLDFAST_HOST'), 'the defaults are in one place');
});

test('neither many callers nor failing starts make systemd let go of the port [TM-72]', () => {
  assert.deepEqual(socket.get('Socket.TriggerLimitIntervalSec'), ['0']);
  assert.deepEqual(service.get('Unit.StartLimitIntervalSec'), ['0']);
  assert.deepEqual(service.get('Unit.Requires'), ['holdfast.socket']);
  assert.deepEqual(service.get('Service.Restart'), ['on-failure']);
});

test('the service runs node itself on the command, as a user of its own that may write its own folders alone', () => {
  const [start = ''] = service.get('Service.ExecStart') ?? [];
  const [, script = ''] = /^\/usr\/bin\/node --max-semi-space-size=8 \/opt\/holdfast\/(\S+) start$/.exec(start) ?? [];
  const { bin } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { bin: { holdfast: string } };
  assert.equal(script, bin.holdfast);
  assert.deepEqual(service.get('Service.User'), ['holdfast']);
  for (const [directive, value] of Object.entries({
    UMask: '0077',
    NoNewPrivileges: 'yes',
    ProtectSystem: 'strict',
    ProtectHome: 'yes',
    PrivateTmp: 'yes',
    RestrictAddressFamilies: 'AF_INET AF_INET6 AF_UNIX',
    StateDirectoryMode: '0700',
    CapabilityBoundingSet: '',
  }))
    assert.deepEqual(service.get(`Service.${directive}`), [value], directive);
  // V8 compiles into memory that it then runs.
  assert.ok(!service.has('Service.MemoryDenyWriteExecute'));

  const writable = [
    ...(service.get('Service.StateDirectory')?.[0]?.split(' ') ?? []).map((name) => `/var/lib/${name}`),
    ...(service.get('Service.CacheDirectory')?.[0]?.split(' ') ?? []).map((name) => `/var/cache/${name}`),
  ];
  for (const [name, value] of settings) {
    if (name.startsWith('HOLDFAST_')) assert.ok(name in SETTINGS, name);
    if (value.startsWith('/'))
      assert.ok(
        writable.some((folder) => value === folder || value.startsWith(`${folder}/`)),
        `${name}=${value}`,
      );
  }
  const { config } = readEnv(Object.fromEntries([...settings].filter(([name]) => name.startsWith('HOLDFAST_'))));
  assert.deepEqual([config.home, config.headFile], ['/var/lib/holdfast', '/var/lib/holdfast-head/head']);
});

test('the page installs what the units start', () => {
  const page = readFileSync(join(FOLDER, 'README.md'), 'utf8');
  for (const name of ['holdfast.socket', 'holdfast.service']) {
    assert.ok(existsSync(join(FOLDER, name)) && page.includes(name), name);
  }
  assert.match(page, /^npm ci --prefix \/opt\/holdfast --omit=dev --ignore-scripts$/m);
  const [, oldest = ''] = /has to be (\d+\.\d+) or later/.exec(page) ?? [];
  assert.ok(satisfies(`${oldest}.0`, '^22.19.0 || >=24'), oldest);
});

test('systemd itself finds nothing wrong with the units', (t) => {
  if (spawnSync('systemd-analyze', ['--version']).error !== undefined) return t.skip('no systemd here');
  const folder = tempFolder(t, 'units');
  for (const name of ['holdfast.socket', 'holdfast.service']) {
    // It looks whether the program is there, which is elsewhere on this machine.
    const text = readFileSync(join(FOLDER, name), 'utf8').replace('/usr/bin/node', process.execPath);
    writeFileSync(join(folder, name), text);
  }
  const units = [join(folder, 'holdfast.socket'), join(folder, 'holdfast.service')];
  const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', ...units], { encoding: 'utf8' });
  assert.deepEqual([status, stdout, stderr], [0, '', '']);
});
