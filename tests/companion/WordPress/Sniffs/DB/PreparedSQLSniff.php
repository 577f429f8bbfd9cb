<?php
/**
 * SQL with values must be prepared.
 *
 * @package wcflow-companion
 */

namespace PHP_CodeSniffer\Standards\WordPress\Sniffs\DB;

use PHP_CodeSniffer\Files\File;
use PHP_CodeSniffer\Sniffs\Sniff;

/**
 * Looks at $wpdb->query(), get_var() and the like: a variable inside needs prepare(), or a comment that says why not.
 */
class PreparedSQLSniff implements Sniff {
	const METHODS = array( 'query', 'get_var', 'get_row', 'get_col', 'get_results', 'prepare' );

	/**
	 * Returns the tokens that begin such a call.
	 */
	public function register() {
		return array( T_VARIABLE );
	}

	/**
	 * Looks at one call.
	 *
	 * @param File $file  File.
	 * @param int  $place Place of the token.
	 */
	public function process( File $file, $place ) {
		$tokens = $file->getTokens();
		if ( '$wpdb' !== $tokens[ $place ]['content'] || ! isset( $tokens[ $place + 3 ] ) || T_OBJECT_OPERATOR !== $tokens[ $place + 1 ]['code'] || ! in_array( $tokens[ $place + 2 ]['content'], self::METHODS, true ) ) {
			return;
		}
		$open = $file->findNext( T_OPEN_PARENTHESIS, $place );
		if ( false === $open || ! isset( $tokens[ $open ]['parenthesis_closer'] ) ) {
			return;
		}
		for ( $inner = $open + 1; $inner < $tokens[ $open ]['parenthesis_closer']; $inner++ ) {
			$token = $tokens[ $inner ];
			if ( T_COMMA === $token['code'] && 'prepare' === $tokens[ $place + 2 ]['content'] ) {
				return; // The values.
			}
			if ( T_VARIABLE === $token['code'] && '$wpdb' === $token['content'] ) {
				return; // Judged at its own call.
			}
			$inside = T_DOUBLE_QUOTED_STRING === $token['code'] && preg_match( '/\$(?!wpdb|\{?wpdb)/', str_replace( '{$wpdb', '', $token['content'] ) );
			if ( T_VARIABLE === $token['code'] || $inside ) {
				$file->addError( 'Prepare this SQL: %s', $inner, $inside ? 'InterpolatedNotPrepared' : 'NotPrepared', array( $token['content'] ) );
				return;
			}
		}
	}
}
