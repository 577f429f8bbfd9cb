<?php
/**
 * What became of changes of many customers.
 *
 * @package wcflow-companion
 */

defined( 'ABSPATH' ) || exit;

/**
 * Lists the latest changes of everyone who matched, with how far each is, or the daemon's answer.
 */
class Wcflow_Bulk_Log {

	const SHOWN = 5;

	/**
	 * Return the latest changes, the newest first: each is a list of its requests, the newest first.
	 *
	 * @return array[]
	 */
	private static function changes() {
		$changes = array();
		foreach ( Wcflow_Mailbox::latest_for( 0, 300 ) as $request ) {
			if ( '' === $request['bulk'] || empty( $request['data']['people'] ) ) {
				continue;
			}
			$request['people'] = count( $request['data']['people'] );
			unset( $request['data']['people'] );
			$changes[ $request['bulk'] . wp_json_encode( $request['data'] ) ][] = $request;
		}
		return array_slice( $changes, 0, self::SHOWN );
	}

	/**
	 * Print the card, if there was any such change lately.
	 */
	public static function render() {
		$changes = self::changes();
		if ( ! $changes ) {
			return;
		}
		echo '<div class="wcflow-card wcflow-bulk-log"><h2>' . esc_html__( 'Bulk actions', 'wcflow-companion' ) . '</h2><ol class="wcflow-timeline">';
		foreach ( $changes as $requests ) {
			$count = array_sum( array_column( $requests, 'people' ) );
			/* translators: %s: number of customers */
			$whom  = sprintf( _n( '%s customer', '%s customers', $count, 'wcflow-companion' ), number_format_i18n( $count ) );
			$words = Wcflow_Pending::words( $requests[0] );
			$words = mb_strtoupper( mb_substr( $words, 0, 1 ) ) . mb_substr( $words, 1 );
			echo '<li><span class="wcflow-when">' . Wcflow_Html::ago( $requests[0]['at'] ) . '</span><div><bdi>' . esc_html( $words ) . '</bdi>: ' . esc_html( $whom ) . ' <span class="wcflow-meta"><bdi>' . esc_html( $requests[0]['by'] ) . '</bdi></span>'; // phpcs:ignore WordPress.Security.EscapeOutput.OutputNotEscaped -- escaped where it is made.
			self::state( $requests, $count );
			echo '</div></li>';
		}
		echo '</ol></div>';
	}

	/**
	 * Print how far a change is, and the last answer.
	 *
	 * @param array[] $requests Requests, the newest first.
	 * @param int     $count    How many customers they name.
	 */
	private static function state( $requests, $count ) {
		$waiting = 0;
		$answer  = '';
		$refused = false;
		foreach ( $requests as $request ) {
			if ( 'pending' === $request['state'] ) {
				$waiting += $request['people'];
			} elseif ( '' === $answer ) {
				$answer = trim( (string) $request['answer'] );
			}
			$refused = $refused || 'refused' === $request['state'];
		}
		if ( $waiting ) {
			/* translators: 1: number of customers, 2: number of customers */
			$words = $waiting < $count ? sprintf( __( '%1$s of %2$s are done.', 'wcflow-companion' ), number_format_i18n( $count - $waiting ), number_format_i18n( $count ) ) : __( 'Waits for the next sync.', 'wcflow-companion' );
			echo '<br><em class="wcflow-waiting">' . esc_html( $words ) . '</em>';
		}
		if ( '' !== $answer ) {
			echo '<br>' . ( $refused ? '<strong>' . esc_html__( 'Not done:', 'wcflow-companion' ) . '</strong> ' : '' ) . '<bdi>' . esc_html( $answer ) . '</bdi>';
		}
	}
}
