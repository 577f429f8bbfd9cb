<?php
/**
 * What is printed must be escaped where it is printed.
 *
 * @package wcflow-companion
 */

namespace PHP_CodeSniffer\Standards\WordPress\Sniffs\Security;

use PHP_CodeSniffer\Files\File;
use PHP_CodeSniffer\Sniffs\Sniff;
use PHP_CodeSniffer\Util\Tokens;

/**
 * Looks at echo, print, printf, vprintf, die and exit: every part is a literal, a number or a call that escapes.
 */
class EscapeOutputSniff implements Sniff {
	const ESCAPING = '/^(esc_\w+|wp_kses\w*|absint|intval|wp_json_encode|checked|selected|disabled|number_format_i18n|wp_nonce_field|get_submit_button|wp_create_nonce|count|sprintf|vsprintf|implode|array_map|str_repeat|_\w*esc\w*|max|min|human_time_diff)$/';

	/**
	 * Returns the tokens that print.
	 */
	public function register() {
		return array( T_ECHO, T_PRINT, T_OPEN_TAG_WITH_ECHO, T_EXIT, T_STRING );
	}

	/**
	 * Looks at one statement.
	 *
	 * @param File $file  File.
	 * @param int  $place Place of the token.
	 */
	public function process( File $file, $place ) {
		$tokens = $file->getTokens();
		if ( T_STRING === $tokens[ $place ]['code'] && ! $this->is_call( $file, $place, array( 'printf', 'vprintf', 'wp_die' ) ) ) {
			return;
		}
		$end   = $file->findNext( array( T_SEMICOLON, T_CLOSE_TAG ), $place );
		$inner = $place + 1;
		while ( $inner < $end ) {
			$inner = $this->look( $file, $inner, $end );
		}
	}

	/**
	 * Looks at one token and returns the place of the next.
	 *
	 * @param File $file  File.
	 * @param int  $place Place of the token.
	 * @param int  $end   End of the statement.
	 */
	private function look( File $file, $place, $end ) {
		$tokens = $file->getTokens();
		$token  = $tokens[ $place ];
		if ( in_array( $token['code'], array( T_INT_CAST, T_DOUBLE_CAST ), true ) ) {
			return $file->findEndOfStatement( $place ) < $end ? $file->findEndOfStatement( $place ) : $this->after_operand( $file, $place + 1, $end );
		}
		if ( T_STRING === $token['code'] && preg_match( self::ESCAPING, $token['content'] ) ) {
			$open = $file->findNext( Tokens::$emptyTokens, $place + 1, null, true );
			// Of sprintf, implode and the like the arguments are looked at.
			$plain = preg_match( '/^(sprintf|vsprintf|implode|str_repeat)$/', $token['content'] );
			return T_OPEN_PARENTHESIS === $tokens[ $open ]['code'] && ! $plain ? $tokens[ $open ]['parenthesis_closer'] + 1 : $place + 1;
		}
		if ( in_array( $token['code'], array( T_VARIABLE, T_DOUBLE_QUOTED_STRING, T_HEREDOC ), true ) ) {
			if ( T_VARIABLE === $token['code'] && $this->is_condition( $file, $place, $end ) ) {
				return $place + 1;
			}
			$file->addError( 'Escape what is printed: %s', $place, 'OutputNotEscaped', array( $token['content'] ) );
			return $end;
		}
		if ( T_STRING === $token['code'] && $this->is_call( $file, $place, array( '__', '_x', '_n', '_nx', 'get_option', 'get_post_meta', 'get_user_meta', 'apply_filters' ) ) ) {
			$file->addError( 'Escape what is printed: %s()', $place, 'OutputNotEscaped', array( $token['content'] ) );
		}
		return $place + 1;
	}

	/**
	 * Says whether a variable only decides what is printed: condition ? a : b.
	 *
	 * @param File $file  File.
	 * @param int  $place Place of the variable.
	 * @param int  $end   End of the statement.
	 */
	private function is_condition( File $file, $place, $end ) {
		$tokens = $file->getTokens();
		foreach ( isset( $tokens[ $place ]['nested_parenthesis'] ) ? $tokens[ $place ]['nested_parenthesis'] : array() as $closer ) {
			$after = $file->findNext( Tokens::$emptyTokens, $closer + 1, null, true );
			if ( $closer < $end && T_INLINE_THEN === $tokens[ $after ]['code'] ) {
				return true;
			}
		}
		for ( $next = $place; $next < $end; $next++ ) {
			if ( T_INLINE_THEN === $tokens[ $next ]['code'] ) {
				return true;
			}
			if ( in_array( $tokens[ $next ]['code'], array( T_COMMA, T_STRING_CONCAT, T_INLINE_ELSE ), true ) ) {
				return false;
			}
		}
		return false;
	}

	/**
	 * Returns the place after a variable with its indexes and members.
	 *
	 * @param File $file  File.
	 * @param int  $place Place.
	 * @param int  $end   End of the statement.
	 */
	private function after_operand( File $file, $place, $end ) {
		$stop = $file->findNext( array( T_COMMA, T_STRING_CONCAT, T_INLINE_THEN ), $place, $end );
		return false === $stop ? $end : $stop;
	}

	/**
	 * Says whether a name is called as a function.
	 *
	 * @param File     $file  File.
	 * @param int      $place Place of the name.
	 * @param string[] $names Names.
	 */
	private function is_call( File $file, $place, $names ) {
		$tokens = $file->getTokens();
		$next   = $file->findNext( Tokens::$emptyTokens, $place + 1, null, true );
		$before = $file->findPrevious( Tokens::$emptyTokens, $place - 1, null, true );
		return in_array( $tokens[ $place ]['content'], $names, true ) && T_OPEN_PARENTHESIS === $tokens[ $next ]['code']
			&& ! in_array( $tokens[ $before ]['code'], array( T_OBJECT_OPERATOR, T_DOUBLE_COLON, T_FUNCTION ), true );
	}
}
