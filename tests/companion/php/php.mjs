// Runs scripts on another version of PHP, built as WebAssembly: node php.mjs 7.4
// Each line of the input is a run, as JSON: options of PHP, and the input of the script. Prints what came of it:
// code, stdout and stderr.
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { loadPHPRuntime, PHP } from '@php-wasm/universal';

const ROOT = fileURLToPath( new URL( '../../..', import.meta.url ) ).replace( /\/$/, '' );
const name = `@php-wasm/node-${ process.argv[ 2 ].replace( '.', '-' ) }`;
const loader = await ( await import( name ) ).getPHPLoaderModule();

async function run( { options, input } ) {
	const bytes = Buffer.from( input ).values();
	const stdin = () => bytes.next().value ?? null;
	const php = new PHP( await loadPHPRuntime( loader, { stdin } ) );
	php.mkdirTree( ROOT );
	await php.mount( ROOT, ( _, FS, path ) => {
		FS.mount( FS.filesystems.NODEFS, { root: ROOT }, path );
		return () => FS.unmount( path );
	} );
	const ran = await php.cli( [ 'php', ...options ] );
	const [ stdout, stderr, code ] = await Promise.all( [ ran.stdoutText, ran.stderrText, ran.exitCode ] );
	php.exit();
	return { code, stdout, stderr };
}

for await ( const line of createInterface( { input: process.stdin } ) ) {
	console.log( JSON.stringify( await run( JSON.parse( line ) ) ) );
}
