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
	const PEOPLE     = 500;
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
	 * @param array|null $person_row Row or card of the person, null where the request has no person.
	 * @param array      $data       What the action needs.
	 * @param string     $bulk       The same uuid for all requests of one bulk action, or empty.
	 * @param string     $reason     Why, in the user's words, or empty.
	 * @param string     $generation Generation of what the user saw, where the request is about nobody.
	 */
	public static function add( $action, $person_row, $data, $bulk = '', $reason = '', $generation = '' ) {
		$refusal = self::refusal( $action );
		if ( $refusal ) {
			return $refusal;
		}
		$id = Wcflow_Streams::append_request( self::fields( $action, $person_row, $data, $bulk, $reason, $generation ) );
		return $id ? $id : self::not_saved();
	}

	/**
	 * Puts one change of many people into the mailbox, in parts that the daemon can take; returns true or an error.
	 *
	 * @param string  $action     One of ACTIONS.
	 * @param array[] $pairs      Id of each person, and of the account or 0.
	 * @param array[] $each       What the action needs: one change for each.
	 * @param string  $bulk       A uuid that names the whole.
	 * @param string  $generation Generation of these people.
	 */
	public static function add_many( $action, $pairs, $each, $bulk, $generation ) {
		$refusal = self::refusal( $action );
		if ( $refusal ) {
			return $refusal;
		}
		$requests = array();
		foreach ( $each as $data ) {
			foreach ( array_chunk( $pairs, self::PEOPLE ) as $people ) {
				$requests[] = self::fields( $action, null, $data + array( 'people' => $people ), $bulk, '', $generation );
			}
		}
		return Wcflow_Streams::append_requests( $requests ) ? true : self::not_saved();
	}

	/**
	 * Says whether a change of many people is in the mailbox already.
	 *
	 * @param string $bulk The uuid that names it.
	 */
	public static function has_bulk( $bulk ) {
		global $wpdb;
		$table = Wcflow_Tables::name( 'requests' );
		return (bool) $wpdb->get_var( $wpdb->prepare( "SELECT id FROM `$table` WHERE person = 0 AND bulk = %s LIMIT 1", $bulk ) ); // phpcs:ignore WordPress.DB.PreparedSQL
	}

	/**
	 * Returns why the current user cannot do an action, or null.
	 *
	 * @param string $action Action.
	 */
	private static function refusal( $action ) {
		if ( ! current_user_can( self::CAPABILITY ) ) {
			return new WP_Error( 'wcflow_forbidden', __( 'You may not change this.', 'wcflow-companion' ), array( 'status' => 403 ) );
		}
		if ( ! in_array( $action, self::ACTIONS, true ) ) {
			return new WP_Error( 'wcflow_unknown_action', __( 'This action is not known.', 'wcflow-companion' ), array( 'status' => 400 ) );
		}
		return null;
	}

	/**
	 * Returns the error of a change that could not be saved.
	 */
	private static function not_saved() {
		return new WP_Error( 'wcflow_not_saved', __( 'The change could not be saved. Please try again.', 'wcflow-companion' ), array( 'status' => 500 ) );
	}

	/**
	 * Returns the fields of a request of the current user.
	 *
	 * @param string     $action     Action.
	 * @param array|null $person_row Row or card of the person, or null.
	 * @param array      $data       What the action needs.
	 * @param string     $bulk       Name of the bulk action, or empty.
	 * @param string     $reason     Why, or empty.
	 * @param string     $generation Generation, where there is no person.
	 */
	private static function fields( $action, $person_row, $data, $bulk, $reason, $generation ) {
		$user = wp_get_current_user();
		return array(
			'user_id'     => $user->ID,
			'user_name'   => $user->display_name === $user->user_login ? $user->user_login : $user->display_name . ' (' . $user->user_login . ')',
			'person'      => $person_row ? $person_row['person'] : 0,
			'customer_id' => $person_row ? $person_row['customer_id'] : 0,
			'email'       => $person_row ? $person_row['email'] : '',
			'action'      => $action,
			'data'        => $data,
			'generation'  => $person_row ? $person_row['generation'] : $generation,
			'reason'      => $reason,
			'bulk'        => $bulk,
		);
	}

	/**
	 * Returns the requests about a person that the daemon has not answered yet, the oldest first.
	 *
	 * @param int $person Id of a person.
	 */
	public static function pending_for( $person ) {
		$found = self::pending_for_many( array( $person ) );
		return $found ? reset( $found ) : array();
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
			foreach ( self::pending_of_all( array_flip( $persons ) ) as $person => $requests ) {
				$found[ $person ] = array_merge( isset( $found[ $person ] ) ? $found[ $person ] : array(), $requests );
				usort( $found[ $person ], array( __CLASS__, 'compare' ) );
			}
		}
		return $found;
	}

	/**
	 * Returns the changes of many people that are not answered yet, by person.
	 *
	 * @param array $wanted Anything by the id of the wanted people.
	 */
	private static function pending_of_all( $wanted ) {
		global $wpdb;
		$table = Wcflow_Tables::name( 'requests' );
		$found = array();
		// phpcs:ignore WordPress.DB.PreparedSQL
		$rows = $wpdb->get_results( "SELECT * FROM `$table` WHERE person = 0 AND state = 'pending' AND bulk <> '' ORDER BY id LIMIT 500", ARRAY_A );
		foreach ( array_filter( self::shape_all( $rows ), array( __CLASS__, 'is_current' ) ) as $request ) {
			$people = isset( $request['data']['people'] ) ? array_column( (array) $request['data']['people'], 0 ) : array();
			unset( $request['data']['people'] );
			foreach ( array_intersect_key( array_flip( $people ), $wanted ) as $person => $ignored ) {
				$found[ $person ][] = array( 'person' => $person ) + $request;
			}
		}
		return $found;
	}

	/**
	 * Orders requests by their number.
	 *
	 * @param array $one   Request.
	 * @param array $other Request.
	 */
	private static function compare( $one, $other ) {
		return $one['id'] - $other['id'];
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
	 * Returns the requests about tasks that are not answered yet, or were done after the list of tasks came: it shows them still.
	 *
	 * @param string $since When the list of tasks came, as 2026-11-28T20:15:00Z, or empty.
	 */
	public static function of_tasks( $since ) {
		global $wpdb;
		$table = Wcflow_Tables::name( 'requests' );
		$found = self::shape_all( $wpdb->get_results( "SELECT * FROM `$table` WHERE state = 'pending' AND action IN ('task.done', 'task.snooze') ORDER BY id LIMIT 1000", ARRAY_A ) ); // phpcs:ignore WordPress.DB.PreparedSQL
		if ( '' !== $since ) {
			$at    = str_replace( array( 'T', 'Z' ), array( ' ', '' ), $since );
			$done  = $wpdb->prepare( "SELECT * FROM `$table` WHERE state = 'done' AND answered_at >= %s AND action IN ('task.done', 'task.snooze') ORDER BY id LIMIT 1000", $at ); // phpcs:ignore WordPress.DB.PreparedSQL
			$found = array_merge( self::shape_all( $wpdb->get_results( $done, ARRAY_A ) ), $found ); // phpcs:ignore WordPress.DB.PreparedSQL
		}
		return array_values( array_filter( $found, array( __CLASS__, 'is_current' ) ) );
	}

	/**
	 * Says whether the numbers in a request still mean the same: those of an earlier database mean others now.
	 *
	 * @param array $request Request.
	 */
	private static function is_current( $request ) {
		return ! Wcflow_Cards::is_other_database( $request['generation'], Wcflow_People::generation() );
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
