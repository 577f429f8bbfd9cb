<?php
/**
 * What people did in the dashboard, for the daemon to take.
 *
 * @package wcflow-companion
 */

defined( 'ABSPATH' ) || exit;

/**
 * Takes requests of the current user and keeps the daemon's answers.
 */
class Wcflow_Mailbox {
	const CAPABILITY = 'wcflow_edit';
	const ACTIONS    = array(
		'tag.add',
		'tag.remove',
		'group.add',
		'group.remove',
		'note.add',
		'note.remove',
		'status.set',
		'reminder.add',
		'task.done',
		'task.snooze',
		'company.set',
		'edit.undo',
		'held.approve',
	);

	/**
	 * Puts a request of the current user into the mailbox; returns its number or an error.
	 *
	 * @param string     $action     One of ACTIONS.
	 * @param array|null $person_row Row or card of the person, null where the request is about nobody.
	 * @param array      $data       What the action needs.
	 * @param string     $bulk       The same uuid for all requests of one bulk action, or empty.
	 * @param string     $reason     Why, in the user's words, or empty.
	 */
	public static function add( $action, $person_row, $data, $bulk = '', $reason = '' ) {
		if ( ! current_user_can( self::CAPABILITY ) ) {
			return new WP_Error( 'wcflow_forbidden', __( 'You may not change this.', 'wcflow-companion' ), array( 'status' => 403 ) );
		}
		if ( ! in_array( $action, self::ACTIONS, true ) ) {
			return new WP_Error( 'wcflow_unknown_action', __( 'This action is not known.', 'wcflow-companion' ), array( 'status' => 400 ) );
		}
		$user = wp_get_current_user();
		$id   = Wcflow_Streams::append_request(
			array(
				'user_id'     => $user->ID,
				'user_name'   => $user->display_name . ' (' . $user->user_login . ')',
				'person'      => $person_row ? $person_row['person'] : 0,
				'customer_id' => $person_row ? $person_row['customer_id'] : 0,
				'email'       => $person_row ? $person_row['email'] : '',
				'action'      => $action,
				'data'        => $data,
				'reason'      => $reason,
				'bulk'        => $bulk,
			)
		);
		if ( ! $id ) {
			return new WP_Error( 'wcflow_not_saved', __( 'The change could not be saved. Please try again.', 'wcflow-companion' ), array( 'status' => 500 ) );
		}
		return $id;
	}

	/**
	 * Returns the requests about a person that the daemon has not answered yet, the oldest first.
	 *
	 * @param int $person Id of a person.
	 */
	public static function pending_for( $person ) {
		global $wpdb;
		$table = Wcflow_Tables::name( 'requests' );
		// phpcs:ignore WordPress.DB.PreparedSQL
		return self::shape_all( $wpdb->get_results( $wpdb->prepare( "SELECT * FROM `$table` WHERE person = %d AND state = 'pending' ORDER BY id LIMIT 200", $person ), ARRAY_A ) );
	}

	/**
	 * Returns the requests about many people that are not answered yet, by person.
	 *
	 * @param int[] $persons Ids of people.
	 */
	public static function pending_for_many( $persons ) {
		global $wpdb;
		$table   = Wcflow_Tables::name( 'requests' );
		$persons = array_filter( array_map( 'intval', $persons ) );
		$found   = array();
		if ( $persons ) {
			$in = implode( ',', $persons );
			// phpcs:ignore WordPress.DB.PreparedSQL
			foreach ( self::shape_all( $wpdb->get_results( "SELECT * FROM `$table` WHERE person IN ($in) AND state = 'pending' ORDER BY id LIMIT 2000", ARRAY_A ) ) as $request ) {
				$found[ $request['person'] ][] = $request;
			}
		}
		return $found;
	}

	/**
	 * Returns all requests that are not answered yet, the oldest first.
	 *
	 * @param int $limit How many at most.
	 */
	public static function pending( $limit = 200 ) {
		global $wpdb;
		$table = Wcflow_Tables::name( 'requests' );
		// phpcs:ignore WordPress.DB.PreparedSQL
		return self::shape_all( $wpdb->get_results( $wpdb->prepare( "SELECT * FROM `$table` WHERE state = 'pending' ORDER BY answered_at, id LIMIT %d", $limit ), ARRAY_A ) );
	}

	/**
	 * Returns how many requests wait for an answer.
	 */
	public static function count_pending() {
		global $wpdb;
		$table = Wcflow_Tables::name( 'requests' );
		return (int) $wpdb->get_var( "SELECT COUNT(*) FROM `$table` WHERE state = 'pending'" ); // phpcs:ignore WordPress.DB.PreparedSQL
	}

	/**
	 * Returns the latest requests about a person whatever their state, the newest first.
	 *
	 * @param int $person Id of a person.
	 * @param int $limit  How many at most.
	 */
	public static function latest_for( $person, $limit = 20 ) {
		global $wpdb;
		$table = Wcflow_Tables::name( 'requests' );
		// phpcs:ignore WordPress.DB.PreparedSQL
		return self::shape_all( $wpdb->get_results( $wpdb->prepare( "SELECT * FROM `$table` FORCE INDEX (person_state) WHERE person = %d ORDER BY id DESC LIMIT %d", $person, $limit ), ARRAY_A ) );
	}

	/**
	 * Returns the latest requests that the daemon refused, the newest first.
	 *
	 * @param int $limit How many at most.
	 */
	public static function refused( $limit = 20 ) {
		global $wpdb;
		$table = Wcflow_Tables::name( 'requests' );
		// phpcs:ignore WordPress.DB.PreparedSQL
		return self::shape_all( $wpdb->get_results( $wpdb->prepare( "SELECT * FROM `$table` WHERE state = 'refused' ORDER BY answered_at DESC, id DESC LIMIT %d", $limit ), ARRAY_A ) );
	}

	/**
	 * Returns requests by number, whatever their state.
	 *
	 * @param int[] $ids Numbers of requests.
	 */
	public static function find_many( $ids ) {
		global $wpdb;
		$table = Wcflow_Tables::name( 'requests' );
		$ids   = array_filter( array_map( 'intval', $ids ) );
		if ( ! $ids ) {
			return array();
		}
		$in = implode( ',', $ids );
		return self::shape_all( $wpdb->get_results( "SELECT * FROM `$table` WHERE id IN ($in) ORDER BY id", ARRAY_A ) ); // phpcs:ignore WordPress.DB.PreparedSQL
	}

	/**
	 * Keeps the daemon's answers and returns how many were about known requests.
	 *
	 * @param array[] $answers Answers: id, key, state and words.
	 */
	public static function answer( $answers ) {
		global $wpdb;
		$table = Wcflow_Tables::name( 'requests' );
		$saved = 0;
		foreach ( $answers as $answer ) {
			if ( ! is_array( $answer ) || ! isset( $answer['id'], $answer['key'], $answer['state'] ) || ! in_array( $answer['state'], array( 'done', 'refused' ), true ) ) {
				continue;
			}
			$words = isset( $answer['words'] ) ? mb_substr( Wcflow_Cards::text( $answer['words'] ), 0, 2000 ) : '';
			$id    = is_numeric( $answer['id'] ) ? (int) $answer['id'] : 0;
			$key   = Wcflow_Cards::text( $answer['key'] );
			// phpcs:ignore WordPress.DB.PreparedSQL
			if ( ! $wpdb->get_var( $wpdb->prepare( "SELECT id FROM `$table` WHERE id = %d AND row_key = %s", $id, $key ) ) ) {
				continue;
			}
			// phpcs:ignore WordPress.DB.PreparedSQL
			$done   = $wpdb->query( $wpdb->prepare( "UPDATE `$table` SET answered_at = COALESCE( answered_at, %s ), state = %s, answer = %s WHERE id = %d", gmdate( 'Y-m-d H:i:s' ), $answer['state'], $words, $id ) );
			$saved += false === $done ? 0 : 1;
		}
		return $saved;
	}

	/**
	 * Returns rows in the shape that screens read.
	 *
	 * @param array[]|null $rows Rows of the table.
	 */
	private static function shape_all( $rows ) {
		$shaped = array();
		foreach ( (array) $rows as $row ) {
			$shaped[] = array_merge(
				Wcflow_Streams::shape_requests( $row ),
				array(
					'data'        => Wcflow_Streams::decode( $row['data'] ),
					'state'       => $row['state'],
					'answer'      => $row['answer'],
					'answered_at' => Wcflow_Streams::stamp( $row['answered_at'] ),
				)
			);
		}
		return $shaped;
	}
}
